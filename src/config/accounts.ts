import { FIRST_INSTANT } from '../core/values/time.ts';
import type { Provider } from '../providers/api/provider.ts';
import type { Account } from './config.ts';
import { type AccountsContext, type RawAccount, secretOf } from './credentials.ts';
import { ownKeys } from './json-schema.ts';
import { AccountKeys, COMMON_KEYS } from './schema.ts';
import { parseDay } from './values/values.ts';
import { isMapping } from './yaml/document.ts';
import type { Path } from './yaml/errors.ts';
import { reportUnknownKey, validate } from './yaml/issues.ts';
import { suggestion } from './yaml/suggest.ts';

/** The valid accounts; the problems of the others are reported. */
export function readAccounts(entries: readonly unknown[], context: AccountsContext): Account[] {
  const accounts = entries.map((entry, index) => readAccount(entry, ['accounts', index], context));
  reportDuplicates(entries, context);
  return accounts.filter((account) => account !== undefined);
}

function readAccount(entry: unknown, path: Path, context: AccountsContext): Account | undefined {
  const { problems } = context.document;
  if (!isMapping(entry)) {
    problems.add(path, 'must be a mapping with provider, name and apiKey or apiKeyFile');
    return undefined;
  }
  const provider = providerOf(entry, path, context);
  const config = provider && readOwnKeys(entry, path, provider, context);
  if (provider) checkFeeds(entry.schedule, path, provider, context);
  const common = validate({ schema: AccountKeys, value: pick(entry, COMMON_KEYS), path, problems });
  checkSince(entry.since, path, context);
  const key = secretOf(entry, path, context);
  if (!provider || !common || !key) return undefined;
  return {
    provider,
    name: common.name ?? provider.id,
    baseUrl: common.baseUrl ?? provider.baseUrl,
    ...key,
    since: common.since,
    timeoutMs: common.timeout,
    schedule: scheduleOf(common.schedule, provider),
    config,
  };
}

function providerOf(
  { provider: id }: RawAccount,
  path: Path,
  { document: { problems }, registry }: AccountsContext,
): Provider<unknown> | undefined {
  const known = registry.map((provider) => provider.id);
  const idPath = [...path, 'provider'];
  const provider = registry.find((candidate) => candidate.id === id);
  if (id === undefined) problems.add(idPath, `is missing; add one of ${known.join(', ')}`);
  if (typeof id === 'string' && !provider)
    problems.add(idPath, `unknown provider${suggestion(id, known)}${problems.quoteValue(idPath, id)}`);
  return provider;
}

/** The keys that only this provider has, validated by its own schema. */
function readOwnKeys(
  entry: RawAccount,
  path: Path,
  provider: Provider<unknown>,
  context: AccountsContext,
): unknown {
  const { problems } = context.document;
  const own = ownKeys(provider);
  for (const key of Object.keys(entry).filter((name) => !COMMON_KEYS.includes(name) && !own.includes(name))) {
    const owners = context.registry.filter((other) => ownKeys(other).includes(key)).map(({ id }) => id);
    const more = owners.length > 0 ? `; it belongs to ${owners.join(' and ')} accounts` : '';
    reportUnknownKey(problems, [...path, key], [...COMMON_KEYS, ...own], more);
  }
  return validate({ schema: provider.config, value: pick(entry, own), path, problems });
}

function pick(entry: RawAccount, keys: readonly string[]): RawAccount {
  return Object.fromEntries(Object.entries(entry).filter(([key]) => keys.includes(key)));
}

function checkSince(since: unknown, path: Path, { document: { problems }, now }: AccountsContext): void {
  const sincePath = [...path, 'since'];
  if (typeof since !== 'string' || (parseDay(since) ?? now) <= now || now < FIRST_INSTANT) return;
  problems.add(sincePath, `must not be in the future${problems.quoteValue(sincePath, since)}`);
}

function checkFeeds(
  schedule: unknown,
  path: Path,
  provider: Provider<unknown>,
  { document }: AccountsContext,
): void {
  const feeds = provider.feeds.map((feed) => feed.name);
  const names = isMapping(schedule) ? Object.keys(schedule) : [];
  for (const name of names.filter((key) => !feeds.includes(key))) {
    const message = `${provider.id} has no such feed${suggestion(name, feeds)}`;
    document.problems.add([...path, 'schedule', name], message, 'key');
  }
}

function scheduleOf(given: AccountKeys['schedule'], { feeds }: Provider<unknown>): Record<string, string> {
  const expressionOf = (feed: string) => (typeof given === 'object' ? given[feed] : given);
  return Object.fromEntries(feeds.map(({ name, schedule }) => [name, expressionOf(name) ?? schedule]));
}

/** Two accounts of a provider with the same name would write the same series. */
function reportDuplicates(entries: readonly unknown[], { document: { problems } }: AccountsContext): void {
  const seen = new Map<string, number>();
  for (const [index, entry] of entries.entries()) {
    if (!isMapping(entry) || typeof entry.provider !== 'string') continue;
    const name = entry.name ?? entry.provider;
    const identity = JSON.stringify([entry.provider, name]);
    const first = seen.get(identity);
    seen.set(identity, first ?? index);
    if (first === undefined) continue;
    const message = `accounts[${first}] of the same provider already has this name; choose another`;
    const path = ['accounts', index, 'name'];
    problems.add(path, `${message}${problems.quoteValue(path, name)}`);
  }
}
