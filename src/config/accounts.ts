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

/** The accounts that are good; what is wrong with the others is noted. */
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
  const common = validate({ schema: AccountKeys, value: only(entry, COMMON_KEYS), path, problems });
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
  entry: RawAccount,
  path: Path,
  { document, registry }: AccountsContext,
): Provider<unknown> | undefined {
  const id = entry.provider;
  const known = registry.map((provider) => provider.id);
  const here = [...path, 'provider'];
  const provider = registry.find((candidate) => candidate.id === id);
  if (id === undefined) document.problems.add(here, `is missing; add one of ${known.join(', ')}`);
  if (typeof id === 'string' && !provider) {
    document.problems.add(
      here,
      `unknown provider${suggestion(id, known)}${document.problems.quoteValue(here, id)}`,
    );
  }
  return provider;
}

/** The keys that only this provider has, as its own schema reads them. */
function readOwnKeys(
  entry: RawAccount,
  path: Path,
  provider: Provider<unknown>,
  context: AccountsContext,
): unknown {
  const { problems } = context.document;
  const own = ownKeys(provider);
  for (const key of Object.keys(entry).filter((name) => !COMMON_KEYS.includes(name) && !own.includes(name))) {
    const owner = context.registry.find((other) => ownKeys(other).includes(key));
    const more = owner ? `; it belongs to ${owner.id} accounts` : '';
    reportUnknownKey(problems, [...path, key], [...COMMON_KEYS, ...own], more);
  }
  return validate({ schema: provider.config, value: only(entry, own), path, problems });
}

function only(entry: RawAccount, keys: readonly string[]): RawAccount {
  return Object.fromEntries(Object.entries(entry).filter(([key]) => keys.includes(key)));
}

function checkSince(since: unknown, path: Path, { document, now }: AccountsContext): void {
  const here = [...path, 'since'];
  if (typeof since !== 'string' || (parseDay(since) ?? now) <= now || now < FIRST_INSTANT) return;
  document.problems.add(here, `must not be in the future${document.problems.quoteValue(here, since)}`);
}

function checkFeeds(
  schedule: unknown,
  path: Path,
  provider: Provider<unknown>,
  { document }: AccountsContext,
): void {
  const feeds = provider.feeds.map((feed) => feed.name);
  const named = isMapping(schedule) ? Object.keys(schedule) : [];
  for (const name of named.filter((key) => !feeds.includes(key))) {
    const here = [...path, 'schedule', name];
    document.problems.add(here, `${provider.id} has no such feed${suggestion(name, feeds)}`, 'key');
  }
}

function scheduleOf(given: AccountKeys['schedule'], provider: Provider<unknown>): Record<string, string> {
  const lines: Readonly<Record<string, string>> = typeof given === 'object' ? given : {};
  const all = typeof given === 'string' ? given : undefined;
  return Object.fromEntries(
    provider.feeds.map(({ name, schedule }) => [name, lines[name] ?? all ?? schedule]),
  );
}

/** Two accounts of one provider that share a name would share their series. */
function reportDuplicates(entries: readonly unknown[], { document }: AccountsContext): void {
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
    document.problems.add(path, `${message}${document.problems.quoteValue(path, name)}`);
  }
}
