import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Instant } from '../core/values/time.ts';
import type { Provider } from '../providers/api/provider.ts';
import type { Account } from './config.ts';
import { COMMON_KEYS } from './schema.ts';
import { type Secret, secretOfFile, secretOfText } from './values/secrets.ts';
import type { Document } from './yaml/document.ts';
import { formatPath, type Path } from './yaml/errors.ts';
import { nearest } from './yaml/suggest.ts';

/** The context in which the accounts of a file are read. */
export interface AccountsContext {
  readonly document: Document;
  readonly file: string;
  readonly registry: readonly Provider<unknown>[];
  readonly now: Instant;
}

/** An account as the file contains it. */
export type RawAccount = Readonly<Record<string, unknown>>;

type KeySource = Pick<Account, 'key' | 'keySource'>;

/** The source of a key that the file itself contains. */
export const LITERAL_KEY = 'the configuration file';

/** The credential, from either `apiKey` or `apiKeyFile`. */
export function secretOf(entry: RawAccount, path: Path, context: AccountsContext): KeySource | undefined {
  const { problems } = context.document;
  const { apiKey, apiKeyFile } = entry;
  if (apiKey !== undefined && apiKeyFile !== undefined) {
    problems.add([...path, 'apiKeyFile'], 'conflicts with apiKey; keep one of the two', 'key');
  }
  if (apiKey === undefined && apiKeyFile === undefined && !hasMisspeltKey(entry)) {
    problems.add([...path, 'apiKey'], `is missing; add apiKey: \${VARIABLE} or apiKeyFile: PATH`);
  }
  if (typeof apiKey === 'string') return credentialOfText(apiKey, [...path, 'apiKey'], context);
  return typeof apiKeyFile === 'string'
    ? credentialOfFile(apiKeyFile, [...path, 'apiKeyFile'], context)
    : undefined;
}

/** A misspelt key is already reported with the right name, so the missing key need not be. */
function hasMisspeltKey(entry: RawAccount): boolean {
  return Object.keys(entry).some((name) => nearest(name, COMMON_KEYS)?.startsWith('apiKey'));
}

function credentialOfText(apiKey: string, path: Path, { document }: AccountsContext): KeySource | undefined {
  const names = document.positions.get(formatPath(path))?.variables ?? [];
  const variables = `variable ${names.join(', ')}`;
  const source = names.length > 0 ? `environment ${variables}` : LITERAL_KEY;
  const suffix = names.length > 0 ? ` (in ${variables})` : '';
  return keySourceOf(secretOfText(apiKey), path, { document, source, suffix });
}

function credentialOfFile(
  apiKeyFile: string,
  path: Path,
  { document, file }: AccountsContext,
): KeySource | undefined {
  const { written = apiKeyFile } = document.positions.get(formatPath(path)) ?? {};
  const absolute = resolve(dirname(file), apiKeyFile);
  const isPath = /[/\\]/.test(written);
  const source = isPath ? `file ${written}` : 'file';
  const isSafe = written !== apiKeyFile || existsSync(absolute);
  const found = isSafe ? document.problems.quoteValue(path, apiKeyFile) : folderOf(absolute);
  return keySourceOf(secretOfFile(absolute), path, { document, source, suffix: isPath ? found : '' });
}

/** A key may have been pasted in place of its path, and may contain slashes: quote only a folder that exists. */
function folderOf(missing: string): string {
  const folder = dirname(missing);
  return existsSync(folder) ? ` (in the folder ${JSON.stringify(folder)})` : '';
}

function keySourceOf(
  secret: Secret,
  path: Path,
  { document, source, suffix }: { document: Document; source: string; suffix: string },
): KeySource | undefined {
  if ('key' in secret) return { key: secret.key, keySource: source };
  document.problems.add(path, `${secret.problem}${suffix}`);
  return undefined;
}
