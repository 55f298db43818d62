import process from 'node:process';
import { Pool } from 'undici';
import { z } from 'zod';
import { bucketsIn, DAY } from '../../src/core/values/time.ts';
import { createHttpClient } from '../../src/poll/http/client.ts';
import { EMPTY_CONTEXT } from '../../src/providers/api/provider.ts';
import { venice } from '../../src/providers/venice/index.ts';
import { send, useProgramFlags } from './child.ts';

/** Reads the rows of some days once: `ours` as the feed does, `plain` with undici and `JSON.parse` only. */
const [variant, url = '', rows = '', start = '', days = '1', flags = ''] = process.argv.slice(2);
if (flags === 'program') useProgramFlags();
const path = `/${rows}/api/v1/billing/usage-history`;
const baseUrl = `${url}/${rows}`;

async function plain(): Promise<number> {
  const Page = z.object({ data: z.array(z.unknown()).length(1000), nextCursor: z.string().nullable() });
  const pool = new Pool(url);
  let count = 0;
  let query = `startTimestamp=${start}`;
  for (;;) {
    const { body } = await pool.request({ method: 'GET', path: `${path}?${query}` });
    const page = Page.parse(JSON.parse(await body.text()));
    count += page.data.length;
    if (page.nextCursor === null) break;
    query = `cursor=${page.nextCursor}`;
  }
  await pool.close();
  return count;
}

async function ours(): Promise<number> {
  const events = { answered: () => {}, retried: () => {}, rateLimit: () => {}, waitCut: () => {} };
  const options = { config: { ledgerApi: 'auto' }, key: () => 'key', timeoutMs: 30_000, events };
  const client = createHttpClient({ ...options, provider: venice, baseUrl, now: Date.now });
  const { signal } = new AbortController();
  const feed = venice.feeds.find(({ name }) => name === 'usage_history');
  if (!feed) throw new Error('the feed has another name');
  const config = { ledgerApi: 'auto' as const };
  let count = 0;
  for (const day of bucketsIn(DAY, { start: Number(start), end: Number(start) + Number(days) * DAY })) {
    const range = { start: day, end: day + DAY };
    const context = { ...EMPTY_CONTEXT, config, signal, now: range.end, since: range.start };
    const reader = feed.reader(range, context);
    for await (const page of feed.ask(client.ask(signal), range, context)) reader.add(page);
    // Three rows a request: what was counted says how many rows were read.
    const requests = reader.finish().statement?.charges.filter(({ measure }) => measure === 'requests') ?? [];
    count += Number(requests.reduce((sum, { value }) => sum + value, 0n) / 1_000_000_000_000n) * 3;
  }
  await client.close();
  return count;
}

const before = process.cpuUsage();
const startedAt = performance.now();
const count = await (variant === 'ours' ? ours() : plain());
const ms = performance.now() - startedAt;
const { user, system } = process.cpuUsage(before);
send({ count, ms, cpuMs: (user + system) / 1000, peakMb: process.resourceUsage().maxRSS / 1024 });
