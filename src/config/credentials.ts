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

/** What the accounts of one file are read with. */
export interface AccountsContext {
  readonly document: Document;
  readonly file: string;
  readonly registry: readonly Provider<unknown>[];
  readonly now: Instant;
}

/** An account as the file has it. */
export type RawAccount = Readonly<Record<string, unknown>>;

type KeySource = Pick<Account, 'key' | 'keySource'>;

/** The credential, from exactly one of the two keys. */
export function secretOf(entry: RawAccount, path: Path, context: AccountsContext): KeySource | undefined {
  const { problems } = context.document;
  const { apiKey, apiKeyFile } = entry;
  if (apiKey !== undefined && apiKeyFile !== undefined) {
    problems.add([...path, 'apiKeyFile'], 'conflicts with apiKey; keep one of the two', 'key');
  }
  if (apiKey === undefined && apiKeyFile === undefined && !hasMisspeltKey(entry)) {
    problems.add([...path, 'apiKey'], `is missing; add apiKey: \${VARIABLE} or apiKeyFile: PATH`);
  }
  if (typeof apiKey === 'string') return inText(apiKey, [...path, 'apiKey'], context);
  return typeof apiKeyFile === 'string' ? inFile(apiKeyFile, [...path, 'apiKeyFile'], context) : undefined;
}

/** Such a key was reported with the right name for it; that the right one is missing too says nothing new. */
function hasMisspeltKey(entry: RawAccount): boolean {
  return Object.keys(entry).some((name) => nearest(name, COMMON_KEYS)?.startsWith('apiKey'));
}

function inText(apiKey: string, path: Path, { document }: AccountsContext): KeySource | undefined {
  const names = document.positions.get(formatPath(path))?.variables ?? [];
  const source = names.length > 0 ? `variable ${names.join(', ')}` : 'configuration file';
  const blame = names.length > 0 ? ` (in variable ${names.join(', ')})` : '';
  return reported(secretOfText(apiKey), path, { document, source, blame });
}

function inFile(apiKeyFile: string, path: Path, { document, file }: AccountsContext): KeySource | undefined {
  const place = document.positions.get(formatPath(path));
  const written = place?.written ?? apiKeyFile;
  const absolute = resolve(dirname(file), apiKeyFile);
  const isPath = /[/\\]/.test(written);
  const source = isPath ? `file ${written}` : 'file';
  const isSafe = place?.written !== undefined || existsSync(absolute);
  const found = isSafe ? document.problems.quoteValue(path, apiKeyFile) : folderOf(absolute);
  return reported(secretOfFile(absolute), path, { document, source, blame: isPath ? found : '' });
}

/** A key pasted in place of a path must not be repeated, though it may hold slashes: only what is there is named. */
function folderOf(missing: string): string {
  const folder = dirname(missing);
  return existsSync(folder) ? ` (in the folder ${JSON.stringify(folder)})` : '';
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
