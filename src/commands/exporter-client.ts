import { readFileSync } from 'node:fs';
import { reasonUnreadable } from '../config/values/secrets.ts';
import { ConfigError } from '../config/yaml/errors.ts';
import { codeOf } from '../net/error-code.ts';
import type { GetOptions } from '../net/get-text.ts';
import type { ExporterOptions, Io } from './io.ts';

const TIMEOUT_MS = 60_000;
/** Holds the password of `--username` if there is no file. */
const PASSWORD_VARIABLE = 'AI_BILLING_EXPORTER_PASSWORD';

/** How to ask a running exporter. */
export interface ExporterClient {
  readonly host: string;
  readonly hasPassword: boolean;
  readonly options: GetOptions;
  urlOf(path: string, query: URLSearchParams): URL;
}

/** @throws {ConfigError} if the options cannot be used. */
export function exporterClient(options: ExporterOptions, { env, signal, redactor }: Io): ExporterClient {
  const base = urlOf(options.url ?? '');
  const tls = {
    ...(options.ca !== undefined && { ca: readOption('--ca', options.ca) }),
    ...(options.cert !== undefined && { cert: readOption('--cert', options.cert) }),
    ...(options.key !== undefined && { key: readOption('--key', options.key) }),
  };
  const password = passwordOf(options, env);
  if (password !== undefined) redactor.register([() => password]);
  const headers = { 'user-agent': 'ai-billing-exporter', ...authorizationOf(options.username, password) };
  return {
    host: base.host,
    hasPassword: password !== undefined,
    options: { headers, tls, timeoutMs: TIMEOUT_MS, signal },
    urlOf(path, query) {
      const url = new URL(base);
      url.pathname = url.pathname.replace(/\/+$/, '') + path;
      url.search = query.toString();
      return url;
    },
  };
}

function misused(message: string): ConfigError {
  return new ConfigError([{ file: '', key: '', message }]);
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw misused('--url must be the address of an exporter, such as http://localhost:9464');
  if (url.username !== '' || url.password !== '')
    throw misused('--url must not contain a user or password; use --username and --password-file');
  return url;
}

function readOption(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw misused(`${name} ${file} cannot be read: ${reasonUnreadable(error)}`);
  }
}

function passwordOf({ username, passwordFile }: ExporterOptions, env: Io['env']): string | undefined {
  if (username === undefined) {
    if (passwordFile !== undefined) throw misused('--password-file needs --username');
    return undefined;
  }
  if (passwordFile !== undefined) return readOption('--password-file', passwordFile).replace(/[\r\n]+$/, '');
  const password = env[PASSWORD_VARIABLE];
  if (password === undefined)
    throw misused(`--username needs --password-file, or the environment variable ${PASSWORD_VARIABLE}`);
  return password;
}

function authorizationOf(username: string | undefined, password: string | undefined) {
  if (username === undefined || password === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/** Why there is no answer; `misused`: the question makes no sense. */
export interface ExporterRefusal {
  readonly kind: 'misused' | 'failed';
  readonly message: string;
}

/** What an answer other than 200 means. */
export function refusalOf(
  client: ExporterClient,
  path: string,
  status: number,
  text: string,
): ExporterRefusal {
  const { host, hasPassword } = client;
  if (status === 400) return { kind: 'misused', message: errorIn(text) ?? `${host} refused the query (400)` };
  const hints: Readonly<Record<number, string>> = {
    401: hasPassword
      ? 'the user or the password is wrong'
      : 'it needs a password: add --username and --password-file',
    404: `it has no ${path}: an older version, or another program`,
    503: errorIn(text) ?? 'it is busy',
  };
  return {
    kind: 'failed',
    message: `${host} answered ${status}${hints[status] ? `: ${hints[status]}` : ''}`,
  };
}

/** What a connection that failed means. */
export function failureOf({ host }: ExporterClient, error: unknown): ExporterRefusal {
  const code = codeOf(error);
  return { kind: 'failed', message: `${host} gave no answer: ${code}. ${adviceFor(code)}` };
}

function errorIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text);
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}

function adviceFor(code: string): string {
  if (code === 'ECONNREFUSED')
    return 'Nothing listens there: is the exporter running, and is this its server.listen?';
  if (/CERT|ISSUER|UNABLE_TO/.test(code) && !/REQUIRED/.test(code))
    return 'Its certificate is not trusted: name its authority with --ca FILE.';
  if (/ENOTFOUND|EAI_AGAIN/.test(code)) return 'The host name cannot be resolved: check --url.';
  if (/SSL|ECONNRESET|UND_ERR_SOCKET/.test(code))
    return 'Does it expect https, or http, in --url, or a client certificate (--cert and --key)?';
  return 'Check --url, firewalls and the proxy variables.';
}
