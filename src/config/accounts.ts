import { dirname, resolve } from 'node:path';
import type { Instant } from '../core/time.ts';
import type { Provider } from '../providers/provider.ts';
import type { Account } from './config.ts';
import { type Document, isMapping } from './document.ts';
import { formatPath, type Path } from './errors.ts';
import { checked, unknownKey } from './issues.ts';
import { ownKeys } from './json-schema.ts';
import { AccountKeys, parseDay } from './schema.ts';
import { type Secret, secretOfFile, secretOfText } from './secrets.ts';
import { nearest, suggestion } from './suggest.ts';

/** What the accounts of one file are read with. */
export interface AccountsContext {
  readonly document: Document;
  readonly file: string;
  readonly registry: readonly Provider<unknown>[];
  readonly now: Instant;
}

type Raw = Readonly<Record<string, unknown>>;

const COMMON = Object.keys(AccountKeys.shape);

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
  const common = checked({ schema: AccountKeys, value: only(entry, COMMON), path, problems });
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
  entry: Raw,
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
      `unknown provider${suggestion(id, known)}${document.problems.found(here, id)}`,
    );
  }
  return provider;
}

/** The keys that only this provider has, as its own schema reads them. */
function readOwnKeys(entry: Raw, path: Path, provider: Provider<unknown>, context: AccountsContext): unknown {
  const { problems } = context.document;
  const own = ownKeys(provider);
  for (const key of Object.keys(entry).filter((name) => !COMMON.includes(name) && !own.includes(name))) {
    const owner = context.registry.find((other) => ownKeys(other).includes(key));
    const more = owner ? `; it belongs to ${owner.id} accounts` : '';
    unknownKey(problems, [...path, key], [...COMMON, ...own], more);
  }
  return checked({ schema: provider.config, value: only(entry, own), path, problems });
}

function only(entry: Raw, keys: readonly string[]): Raw {
  return Object.fromEntries(Object.entries(entry).filter(([key]) => keys.includes(key)));
}

function checkSince(since: unknown, path: Path, { document, now }: AccountsContext): void {
  const here = [...path, 'since'];
  if (typeof since !== 'string' || (parseDay(since) ?? now) <= now) return;
  document.problems.add(here, `must not lie in the future${document.problems.found(here, since)}`);
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

type KeySource = Pick<Account, 'key' | 'keySource'>;

/** The credential, from exactly one of the two keys. */
function secretOf(entry: Raw, path: Path, context: AccountsContext): KeySource | undefined {
  const { problems } = context.document;
  const { apiKey, apiKeyFile } = entry;
  if (apiKey !== undefined && apiKeyFile !== undefined) {
    problems.add([...path, 'apiKeyFile'], 'stands beside apiKey; keep one of the two', 'key');
  }
  if (apiKey === undefined && apiKeyFile === undefined && !hasMisspeltKey(entry)) {
    problems.add([...path, 'apiKey'], `is missing; add apiKey: \${VARIABLE} or apiKeyFile: PATH`);
  }
  if (typeof apiKey === 'string') return inText(apiKey, [...path, 'apiKey'], context);
  return typeof apiKeyFile === 'string' ? inFile(apiKeyFile, [...path, 'apiKeyFile'], context) : undefined;
}

/** Such a key was reported with the right name for it; that the right one is missing too says nothing new. */
function hasMisspeltKey(entry: Raw): boolean {
  return Object.keys(entry).some((name) => nearest(name, COMMON)?.startsWith('apiKey'));
}

function inText(apiKey: string, path: Path, { document }: AccountsContext): KeySource | undefined {
  const names = document.places.get(formatPath(path))?.variables ?? [];
  const source = names.length > 0 ? `variable ${names.join(', ')}` : 'configuration file';
  const blame = names.length > 0 ? ` (in variable ${names.join(', ')})` : '';
  return reported(secretOfText(apiKey), path, { document, source, blame });
}

function inFile(apiKeyFile: string, path: Path, { document, file }: AccountsContext): KeySource | undefined {
  const written = document.places.get(formatPath(path))?.written ?? apiKeyFile;
  // A key pasted in place of a path must not be repeated, so that only what looks like a path is.
  const source = /[/\\]/.test(written) ? `file ${written}` : 'file';
  const blame = /[/\\]/.test(written) ? document.problems.found(path, apiKeyFile) : '';
  return reported(secretOfFile(resolve(dirname(file), apiKeyFile)), path, { document, source, blame });
}

function reported(
  secret: Secret,
  path: Path,
  { document, source, blame }: { document: Document; source: string; blame: string },
): KeySource | undefined {
  if ('key' in secret) return { key: secret.key, keySource: source };
  document.problems.add(path, `${secret.problem}${blame}`);
  return undefined;
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
    const message = `accounts[${first}] of the same provider has this name already; give each its own`;
    const path = ['accounts', index, 'name'];
    document.problems.add(path, `${message}${document.problems.found(path, name)}`);
  }
}
