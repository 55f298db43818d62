import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type ServerOptions } from '../../../src/server/server.ts';
import { openWebSource, type WebChange } from '../../../src/server/web/source.ts';
import { createPrometheusPage } from '../../../src/sinks/prometheus/page.ts';
import { counterFamily, createFakeSource, type FakeSource } from '../providers/fake-source.ts';
import { AT_LOOPBACK, type Authority, createAuthority } from './certificates.ts';
import type { Scope } from './process.ts';

/** The bcrypt hash of `secret`, at the minimum cost. */
export const SECRET_HASH = '$2b$04$J8HKxIWOFmemhYRjnQls1.FFL8x0/AA3Ng5ZwCXGBZ57t8IuLjP/O';

/** A folder that holds `server.crt`, `server.key` and `ca.crt` of one authority, and `other-ca.crt` of another. */
export interface WebFolder {
  readonly path: string;
  readonly trusted: Authority;
  readonly other: Authority;
  /** Returns the path of the written file. */
  write(name: string, text: string): string;
}

export function webFolder(context: Scope): WebFolder {
  const path = mkdtempSync(join(tmpdir(), 'web-'));
  context.after(() => rmSync(path, { recursive: true }));
  const [trusted, other] = [createAuthority('Trusted'), createAuthority('Other')];
  const write = (name: string, text: string) => {
    const file = join(path, name);
    writeFileSync(file, text);
    return file;
  };
  const { cert, key } = trusted.vouchFor('Server', AT_LOOPBACK);
  for (const [name, text] of Object.entries({
    'server.crt': cert,
    'server.key': key,
    'ca.crt': trusted.ca,
    'other-ca.crt': other.ca,
  })) {
    write(name, text);
  }
  return { path, trusted, other, write };
}

/** A server with a web configuration, and what it said of it. */
export interface ServedWeb {
  readonly url: string;
  readonly port: number;
  readonly ca: string;
  readonly source: FakeSource;
  readonly errors: readonly unknown[];
  readonly changes: readonly WebChange[];
  /** Rewrites the configuration; the server looks at its files with the next request or connection. */
  rewrite(text: string): void;
  /** Lets it look without a change of the configuration itself. */
  look(): void;
  close(): Promise<void>;
}

function unasked(): never {
  throw new Error('not asked for');
}

/** The answer of a ledger without accounts. */
export const noSeries: ServerOptions['series'] = async (question) => ({
  ...question,
  buckets: [],
  series: [],
  other: undefined,
  total: { values: [], total: 0n, held: [], undated: 0n },
  limits: [],
  unknown: [],
});

/** Serves a page of 3 series until the test ends. */
export async function serveWeb(
  context: Scope,
  folder: WebFolder,
  text: string,
  options: Partial<ServerOptions> & { readonly samples?: number } = {},
): Promise<ServedWeb> {
  const file = folder.write('web.yml', text);
  const source = createFakeSource([counterFamily(options.samples ?? 3, 7)]);
  const errors: unknown[] = [];
  const changes: WebChange[] = [];
  let clock = 0;
  const web = openWebSource({ file, now: () => clock, onChange: (change) => changes.push(change) });
  const server = createServer({
    metrics: createPrometheusPage(source, { render: async () => [] }),
    ready: () => ({ ready: true, reason: 'ready' }),
    overview: async () => [],
    status: () => ({ version: '1.2.3', startedAt: '2026-11-20T00:00:00.000Z', accounts: [], budgets: [] }),
    costs: unasked,
    series: noSeries,
    now: () => Date.UTC(2026, 10, 22),
    resources: unasked,
    focus: unasked,
    onError: (error) => errors.push(error),
    web,
    ...options,
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  context.after(() => server.close());
  const look = () => {
    clock += 1000;
  };
  return {
    url: web.current().tls ? address.replace('http:', 'https:') : address,
    port: Number(new URL(address).port),
    ...{ ca: folder.trusted.ca, source, errors, changes, look },
    rewrite(next) {
      folder.write('web.yml', next);
      look();
    },
    close: () => server.close(),
  };
}

/** What came back, over a connection of its own unless an agent was given. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks as a client that trusts the folder's authority. Rejects where the connection fails. */
export function ask(served: ServedWeb, path = '/-/healthy', options: RequestOptions = {}): Promise<Answer> {
  const url = `${served.url}${path}`;
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, ca: served.ca, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
      response.on('error', reject);
    });
    asked.on('error', reject).end();
  });
}
