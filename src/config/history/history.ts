import { resolve } from 'node:path';
import type { Instant } from '../../core/values/time.ts';
import { DEFAULT_GIVE_UP_AFTER_MS, type WriteReceiver } from '../../push/remote-write/receiver.ts';
import { plainUrl } from '../otel/endpoint.ts';
import { headersOf } from '../otel/headers.ts';
import { type SettingsSource, sourceOfFile } from '../otel/setting.ts';
import { tlsOf } from '../otel/tls.ts';
import { secretOfFile, secretOfText } from '../values/secrets.ts';
import type { Document } from '../yaml/document.ts';
import type { Path } from '../yaml/errors.ts';
import { labelNameProblem } from './labels.ts';
import type { HistorySection, RemoteWriteSection } from './schema.ts';

/** Where the months before the first scrape are sent. */
export interface HistoryConfig {
  /** Midnight UTC of the first day. */
  readonly from?: Instant;
  readonly remoteWrite?: RemoteWriteConfig;
}

export interface RemoteWriteConfig {
  readonly receiver: WriteReceiver;
  /** Labels of every series in addition to its own. */
  readonly labels: Readonly<Record<string, string>>;
  /** Credentials, which may change, in addition to the values of headers. */
  readonly secrets: readonly (() => string)[];
}

/** The `history` section of a file; its problems are reported to the document. */
export function historyOfFile({
  section: { from, remoteWrite },
  document,
  file,
}: {
  readonly section: HistorySection;
  readonly document: Document;
  readonly file: string;
}): HistoryConfig {
  const source = sourceOfFile(file, document);
  return {
    ...(from !== undefined && { from }),
    ...(remoteWrite && { remoteWrite: remoteWriteOf(remoteWrite, source) }),
  };
}

const PATH: Path = ['history', 'remoteWrite'];

const LABEL_PROBLEMS = {
  'no label name': 'must have the name of a label, such as job',
  'own label': 'is a label that the exporter sets itself; choose another name',
};

function remoteWriteOf(section: RemoteWriteSection, source: SettingsSource): RemoteWriteConfig {
  const setting = (key: 'url' | 'caFile' | 'certFile' | 'keyFile') =>
    section[key] === undefined ? undefined : { path: [...PATH, key], text: section[key] };
  const url = plainUrl({ path: [...PATH, 'url'], text: section.url }, source)?.href ?? '';
  const files = { ca: setting('caFile'), cert: setting('certFile'), key: setting('keyFile') };
  const { serverName, timeout: timeoutMs, labels } = section;
  const tls = Object.assign(tlsOf(files, source), serverName !== undefined && { serverName });
  const ofHeaders = headersOf(
    Object.entries(section.headers).map(([name, text]) => ({ path: [...PATH, 'headers', name], name, text })),
    source,
  );
  for (const name of Object.keys(labels)) {
    const problem = labelNameProblem(name);
    if (problem) source.refuse([...PATH, 'labels', name], LABEL_PROBLEMS[problem]);
  }
  const { authorization, secrets } = authorizationOf(section, source);
  const headers = () => ({ ...ofHeaders(), ...(authorization && { authorization: authorization() }) });
  const receiver = { url, headers, tls, timeoutMs, giveUpAfterMs: DEFAULT_GIVE_UP_AFTER_MS };
  return { receiver, labels, secrets };
}

interface Authorization {
  /** The value of the header; undefined without credentials. */
  readonly authorization: (() => string) | undefined;
  readonly secrets: readonly (() => string)[];
}

function authorizationOf(section: RemoteWriteSection, source: SettingsSource): Authorization {
  const { basicAuth } = section;
  const token = credentialOf(section, 'bearerToken', PATH, source);
  const at = [...PATH, 'basicAuth'];
  const password = basicAuth && credentialOf(basicAuth, 'password', at, source);
  if (basicAuth?.username.includes(':')) source.refuse([...at, 'username'], 'must not contain a colon');
  if (basicAuth && !password) source.refuse(at, 'needs a password or a passwordFile; add one');
  const others = Object.keys(section.headers).some((name) => name.toLowerCase() === 'authorization');
  if ([basicAuth, token, others || undefined].filter(Boolean).length > 1)
    source.refuse(
      PATH,
      'has several credentials; keep one of basicAuth, bearerToken and headers.authorization',
    );
  if (token) return { authorization: () => `Bearer ${token()}`, secrets: [token] };
  if (!basicAuth || !password) return { authorization: undefined, secrets: [] };
  const encoded = () => Buffer.from(`${basicAuth.username}:${password()}`).toString('base64');
  return { authorization: () => `Basic ${encoded()}`, secrets: [password, encoded] };
}

/** A credential from its key, or from the file that its key with `File` names; undefined without either. */
function credentialOf<Key extends 'password' | 'bearerToken'>(
  section: { readonly [Name in Key | `${Key}File`]?: string | undefined },
  key: Key,
  path: Path,
  source: SettingsSource,
): (() => string) | undefined {
  const [text, file] = [section[key], section[`${key}File`]];
  if (text !== undefined && file !== undefined)
    source.refuse([...path, `${key}File`], `conflicts with ${key}; keep one of the two`);
  if (text === undefined && file === undefined) return undefined;
  const secret = file === undefined ? secretOfText(text ?? '') : secretOfFile(resolve(source.folder, file));
  if ('key' in secret) return secret.key;
  source.refuse([...path, file === undefined ? key : `${key}File`], secret.problem);
  return () => '';
}
