import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import { parseExposition } from '../../../test/support/exposition/exposition.ts';
import { counterFamily, createFakeSource } from '../../../test/support/providers/fake-source.ts';
import { createEncoder } from './encode.ts';
import type { Format } from './format.ts';
import { Block } from './gzip.ts';
import { createPrometheusPage, type LiveMetrics, type PageAnswer, type PageRequest } from './page.ts';

const OPENMETRICS = 'application/openmetrics-text;version=1.0.0';
const GZIP_HEADER = 10;
const ALL: readonly PageRequest[] = [
  {},
  { acceptEncoding: 'gzip' },
  { accept: OPENMETRICS },
  { accept: OPENMETRICS, acceptEncoding: 'gzip' },
];

/** A live gauge that counts how often it was rendered. */
function createLive(): LiveMetrics {
  let renders = 0;
  return {
    render: async () => {
      renders += 1;
      return [new Block(Buffer.from(`# HELP live Renders.\n# TYPE live gauge\nlive ${renders}\n`))];
    },
  };
}

interface Read {
  readonly values: ReadonlySet<number>;
  readonly series: number;
  readonly live: number | undefined;
}

/** Reads an answer as a scraper would: one gzip member, the length announced, every rule of the format. */
function read(answer: PageAnswer): Read {
  const bytes = Buffer.concat(answer.body);
  assert.equal(String(bytes.length), answer.headers['content-length']);
  const plain = answer.headers['content-encoding'] === 'gzip' ? unzipped(bytes) : bytes;
  const format: Format = answer.headers['content-type']?.startsWith('text/') ? 'text' : 'openmetrics';
  const page = parseExposition(plain, format);
  const counter = page.families.get(format === 'text' ? 'ai_billing_cost_usd_total' : 'ai_billing_cost_usd');
  const samples = counter?.samples ?? [];
  return {
    values: new Set(samples.map(({ value }) => value)),
    series: samples.length,
    live: page.value('live'),
  };
}

/** Some readers stop after the first member: it must hold everything. */
function unzipped(bytes: Buffer): Buffer {
  const plain = gunzipSync(bytes);
  assert.ok(inflateRawSync(bytes.subarray(GZIP_HEADER)).equals(plain));
  return plain;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await condition()) return;
    await setTimeout(1);
  }
  assert.fail('the awaited never came');
}

describe('Prometheus page', () => {
  test('is complete in both formats, plain and gzipped, with live families before the end', async () => {
    const page = createPrometheusPage(createFakeSource([counterFamily(3000, 7)]), createLive());
    for (const [index, request] of ALL.entries()) {
      const { values, series, live } = read(await page.answer(request));
      assert.deepEqual([[...values], series, live], [[7], 3000, index + 1]);
    }
  });

  test('is valid with an empty snapshot and one of a single series', async () => {
    for (const series of [0, 1]) {
      const page = createPrometheusPage(createFakeSource([counterFamily(series, 1)]), createLive());
      for (const request of ALL) assert.equal(read(await page.answer(request)).series, series);
    }
  });

  test('is one gzip member whose prefix is deflated once per snapshot', async () => {
    const page = createPrometheusPage(createFakeSource([counterFamily(3000, 7)]), createLive());
    const answers = await Promise.all([1, 2, 3].map(() => page.answer({ acceptEncoding: 'gzip' })));
    const [a, b, c] = answers;
    assert.ok(a && b && c);
    for (const answer of answers) read(answer);
    assert.equal(a.body[1], b.body[1]);
    assert.equal(a.body[1], c.body[1]);
  });

  test('serves the previous snapshot until the next is complete, and never a mixture', async () => {
    const source = createFakeSource([counterFamily(5000, 1)]);
    const page = createPrometheusPage(source, createLive());
    await Promise.all(ALL.map((request) => page.answer(request)));
    source.publish([counterFamily(5000, 2)]);
    assert.deepEqual([...read(await page.answer({})).values], [1]);
    let newest = 1;
    await until(async () => {
      const reads = (await Promise.all(ALL.map((request) => page.answer(request)))).map(read);
      for (const { values, series } of reads) {
        assert.deepEqual([values.size, series], [1, 5000]);
        newest = Math.max(newest, ...values);
      }
      return newest === 2;
    });
  });

  test('never goes back for readers that alternate between formats while snapshots are published', async () => {
    const source = createFakeSource([counterFamily(2000, 1)]);
    const page = createPrometheusPage(source, createLive());
    let seen = 0;
    for (let round = 0; seen < 40; round += 1) {
      if (round < 40) source.publish([counterFamily(2000, round + 1)]);
      const { values } = read(await page.answer(ALL[round % ALL.length] ?? {}));
      const [value = Number.NaN] = values;
      assert.equal(values.size, 1);
      assert.ok(value >= seen, `${value} after ${seen}`);
      seen = value;
      await setTimeout(1);
    }
  });

  test('marks the snapshot that was served as carried, not the newest', async () => {
    const source = createFakeSource([counterFamily(1, 1)]);
    const page = createPrometheusPage(source, createLive());
    const answer = await page.answer({});
    source.publish([counterFamily(1, 2)]);
    assert.deepEqual(source.carriedVersions, []);
    answer.carried();
    assert.deepEqual(source.carriedVersions, [1]);
  });

  test('reports a snapshot that it cannot render, and serves the previous one', async () => {
    const source = createFakeSource([counterFamily(1, 1)]);
    const errors: unknown[] = [];
    const page = createPrometheusPage(source, createLive(), (error) => errors.push(error));
    await page.answer({});
    const broken = counterFamily(1, 2);
    Object.defineProperty(broken, 'samples', { get: () => assert.fail('unreadable') });
    source.publish([broken]);
    await until(async () => errors.length === 1);
    assert.deepEqual([...read(await page.answer({})).values], [1]);
    source.publish([counterFamily(1, 3)]);
    await until(async () => read(await page.answer({})).values.has(3));
  });

  test('is up to date with a snapshot although newer ones are published without end', async () => {
    const source = createFakeSource([counterFamily(1, 1)]);
    let renders = 0;
    const encode = createEncoder();
    const page = createPrometheusPage(source, createLive(), assert.ifError, async (snapshot) => {
      await setTimeout(1);
      renders += 1;
      if (renders < 100) source.publish([counterFamily(1, renders + 1)]);
      return encode(snapshot);
    });
    await page.upToDate();
    assert.ok(renders < 5, `${renders} renderings`);
    page.close();
  });

  test('is up to date with what it can render: a failure is reported to onError alone', async () => {
    const source = createFakeSource([counterFamily(1, 1)]);
    const page = createPrometheusPage(
      source,
      createLive(),
      () => {},
      () => Promise.reject(new Error('unreadable')),
    );
    await page.upToDate();
    page.close();
  });

  test('stops following the source when it is closed', () => {
    const source = createFakeSource();
    const page = createPrometheusPage(source, createLive());
    assert.equal(source.listeners(), 1);
    page.close();
    assert.equal(source.listeners(), 0);
  });
});
