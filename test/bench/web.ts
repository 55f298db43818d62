import { once } from 'node:events';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { hash } from 'bcrypt';
import { z } from 'zod';
import { webFolder } from '../support/exporter/web.ts';
import { startChild } from './child.ts';
import { type Figure, info, median, rounded } from './figure.ts';

const Ready = z.object({ url: z.string() });
const SERIES = '10000';
const SCRAPES = 1000;
const PAUSE_MS = 2;
const PASSWORD = 'a password that somebody might have';

type Scrape = () => Promise<void>;

/** The cost of TLS and a password (bcrypt cost 10) for a gzipped scrape of 10k series. */
export async function webFigures(): Promise<Figure[]> {
  const ends: (() => void)[] = [];
  const folder = webFolder({ after: (end) => void ends.push(end) });
  const text = `tls_server_config: { cert_file: server.crt, key_file: server.key }
basic_auth_users: { prometheus: ${await hash(PASSWORD, 10)} }`;
  const file = folder.write('web.yml', text);
  const plain = await startChild('scrape-server.ts', ['ours', SERIES], Ready);
  const secured = await startChild('scrape-server.ts', ['ours', SERIES, file], Ready);
  const url = secured.ready.url.replace('http:', 'https:');
  const headers = { authorization: `Basic ${Buffer.from(`prometheus:${PASSWORD}`).toString('base64')}` };
  const tls = { ca: folder.trusted.ca, headers };
  try {
    const first = await timed(overHttp1(url, new HttpsAgent(), tls));
    const table: [what: string, scrape: Scrape, times: number][] = [
      ['in the clear', overHttp1(plain.ready.url, new HttpAgent({ keepAlive: true }), {}), SCRAPES],
      ['TLS and a password', overHttp1(url, new HttpsAgent({ keepAlive: true }), tls), SCRAPES],
      ['TLS and a password, HTTP/2', overHttp2(url, tls), SCRAPES],
      [
        'TLS and a password, a new connection each',
        overHttp1(url, new HttpsAgent({ maxCachedSessions: 0 }), tls),
        200,
      ],
    ];
    const figures: Figure[] = [];
    for (const [what, scrape, times] of table)
      figures.push(info(`scrape of 10k series, gzipped, ${what}`, await percentiles(scrape, times)));
    return [
      ...figures,
      info('the first scrape with a password, before its hash was compared', `${rounded(first)} ms`),
    ];
  } finally {
    await Promise.all([plain.end(), secured.end()]);
    for (const end of ends) end();
  }
}

async function percentiles(scrape: Scrape, times: number): Promise<string> {
  for (let warm = 0; warm < 20; warm++) await scrape();
  const all: number[] = [];
  for (let count = 0; count < times; count++) {
    all.push(await timed(scrape));
    await sleep(PAUSE_MS);
  }
  const p99 = all.sort((a, b) => a - b)[Math.floor(all.length * 0.99)] ?? Number.NaN;
  return `${rounded(median(all))} ms, p99 ${rounded(p99)} ms`;
}

async function timed(scrape: Scrape): Promise<number> {
  const startedAt = performance.now();
  await scrape();
  return performance.now() - startedAt;
}

interface Client {
  readonly ca?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function overHttp1(url: string, agent: HttpAgent | HttpsAgent, { ca, headers }: Client): Scrape {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  return async () => {
    const asked = request(`${url}/metrics`, {
      agent,
      ca,
      headers: { 'accept-encoding': 'gzip', ...headers },
    });
    const [response] = await once(asked.end(), 'response');
    if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
    await once(response.resume(), 'end');
  };
}

function overHttp2(url: string, { ca, headers }: Client): Scrape {
  const session = connectHttp2(url, ca === undefined ? {} : { ca });
  session.unref();
  return async () => {
    const stream = session.request({ ':path': '/metrics', 'accept-encoding': 'gzip', ...headers });
    const [answer] = await once(stream, 'response');
    if (answer[':status'] !== 200) throw new Error(`answered ${answer[':status']}`);
    await once(stream.resume(), 'end');
  };
}
