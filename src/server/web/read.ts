import { dirname } from 'node:path';
import { isMapping, readDocument } from '../../config/yaml/document.ts';
import { ConfigError, type Problem } from '../../config/yaml/errors.ts';
import { validate } from '../../config/yaml/issues.ts';
import type { WebConfig } from './config.ts';
import { createFileReader, type FileReader } from './files.ts';
import { KEYS, WebFile } from './format.ts';
import { checkCombinations } from './rules.ts';
import { tlsOf } from './tls.ts';
import { usersOf } from './users.ts';

/** The result of reading a web configuration. */
export interface WebReading {
  readonly result: { readonly config: WebConfig } | { readonly problems: readonly Problem[] };
  /** The files it consists of, with the version of each. */
  readonly seen: ReadonlyMap<string, string>;
}

/**
 * Reads a web configuration and the files it names.
 *
 * @throws {ConfigError} with every problem; none quotes a hash or key.
 */
export function loadWebConfig(file: string): WebConfig {
  return configOf(readWebConfig(file));
}

/** The configuration of a reading. @throws {ConfigError} if it is invalid. */
export function configOf({ result }: WebReading): WebConfig {
  if ('problems' in result) throw new ConfigError(result.problems);
  return result.config;
}

/** Reads a web configuration and the files it names; never throws. */
export function readWebConfig(file: string): WebReading {
  const reader = createFileReader();
  const answer = reader.read(file);
  const result =
    'text' in answer
      ? resultOf(file, answer.text, reader)
      : { problems: [{ file, key: '', message: answer.problem }] };
  return { result, seen: reader.seen };
}

function resultOf(file: string, text: string, reader: FileReader): WebReading['result'] {
  if (text.includes('\ufffd'))
    return { problems: [{ file, key: '', message: 'is not UTF-8 text; save it as such' }] };
  const document = readDocument(file, text);
  const { problems } = document;
  const value = document.value ?? {};
  if (!isMapping(value)) problems.addAt({ line: 1, column: 1 }, [], 'must be a mapping of keys to values');
  if (!isMapping(value) || problems.list.length > 0) return { problems: problems.list };
  const read = validate({ schema: WebFile, value: withoutBlanks(value), path: [], problems });
  const users = usersOf(value.basic_auth_users, problems);
  if (!read || problems.list.length > 0) return { problems: problems.list };
  checkCombinations(read, problems);
  const { tls_server_config: section, http_server_config: http, rate_limit: rate } = read;
  const tls = section && tlsOf({ section, folder: dirname(file), reader, problems });
  if (problems.list.length > 0) return { problems: problems.list };
  return {
    config: {
      tls,
      http2: http.http2,
      headers: Object.fromEntries(
        Object.entries(http.headers).flatMap(([name, text]) => (text ? [[name, text]] : [])),
      ),
      users,
      rateLimit: rate.interval > 0 ? { intervalMs: rate.interval, burst: rate.burst } : undefined,
    },
  };
}

/** Removes keys without a value and an empty TLS section: the toolkit treats them as absent. */
function withoutBlanks(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(value).map(([key, inner]) => [
    key,
    isMapping(inner) ? withoutBlanks(inner) : inner,
  ]);
  return Object.fromEntries(
    entries.filter(([key, inner]) => !KEYS.includes(String(key)) || !isBlank(key, inner)),
  );
}

function isBlank(key: unknown, value: unknown): boolean {
  return (
    value === null || (key === 'tls_server_config' && isMapping(value) && Object.keys(value).length === 0)
  );
}
