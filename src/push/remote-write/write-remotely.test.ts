import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCertificates } from '../../../test/support/exporter/certificates.ts';
import { samplesOf, seriesOf, write } from '../../../test/support/remote-write/samples.ts';
import {
  samplesIn,
  startWriteReceiver,
  type Write,
  type WriteAnswer,
  written,
} from '../../../test/support/remote-write/write-receiver.ts';
import type { SeriesLabels } from './sample.ts';
import { RemoteWriteError } from './sender.ts';

const START = Date.UTC(2026, 9, 1);
const OUT_OF_ORDER = 'out of order sample';

function modelOf({ labels }: { readonly labels: readonly string[] }): string {
  return labels.find((label) => label.startsWith('model='))?.slice(6) ?? '';
}

/** A receiver that takes everything except what `isRefused` names. Of the rest, 2.0 writes all and 1.0 nothing. */
function refusing(isRefused: (model: string, at: number) => boolean) {
  return (request: Write): WriteAnswer | undefined => {
    const refused = request.series.reduce(
      (sum, series) => sum + series.samples.filter(([at]) => isRefused(modelOf(series), at)).length,
      0,
    );
    if (refused === 0) return undefined;
    const headers = request.version === '2.0' ? written(samplesIn(request) - refused) : {};
    return { status: 400, body: `${OUT_OF_ORDER}\n`, headers };
  };
}

function modelsOf(refused: readonly { readonly labels: SeriesLabels }[]): (string | undefined)[] {
  return refused.map(({ labels }) => labels.find(([name]) => name === 'model')?.[1]);
}

test('remote write 2.0: sends headers, symbols, the type, and the samples of each series in order', async (context) => {
  const { url, writes } = await startWriteReceiver(context);
  const headers = () => ({
    'X-Scope-OrgID': 'team-a',
    authorization: 'Bearer token-1',
    'Content-Type': 'no',
  });
  const summary = await write(samplesOf(seriesOf(2), 3), url, { receiver: { headers } });
  assert.deepEqual(summary, { accepted: 6, refused: [] });
  const [first, ...others] = writes;
  assert.deepEqual(others, []);
  assert.partialDeepStrictEqual(first, {
    version: '2.0',
    path: '/api/v1/write',
    headers: {
      'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '2.0.0',
      'user-agent': 'test/1',
      'x-scope-orgid': 'team-a',
      authorization: 'Bearer token-1',
    },
  });
  assert.deepEqual(first?.series, [
    {
      labels: ['__name__=ai_billing_cost_usd_total', 'account=prod', 'model=m0'],
      samples: [0, 1, 2].map((time) => [START + time * 300_000, time]),
      type: 1,
    },
    {
      labels: ['__name__=ai_billing_cost_usd_total', 'account=prod', 'model=m1'],
      samples: [0, 1, 2].map((time) => [START + time * 300_000, time + 0.01]),
      type: 1,
    },
  ]);
});

const firstGeneration: readonly (readonly [what: string, answer: WriteAnswer])[] = [
  ['answers 415', { status: 415, headers: written(0) }],
  ['answers 204 without counting', { status: 204 }],
  ['answers 400 without counting', { status: 400, body: 'cannot parse' }],
  ['answers 404 without counting', { status: 404 }],
  ['answers 406 without counting', { status: 406 }],
];

for (const [what, answer] of firstGeneration) {
  test(`remote write: falls back to 1.0, once, if the receiver ${what}`, async (context) => {
    const { url, writes } = await startWriteReceiver(context, {
      answer: ({ version }) => (version === '2.0' ? answer : undefined),
    });
    const summary = await write(samplesOf(seriesOf(100), 150), url);
    assert.deepEqual(summary, { accepted: 15_000, refused: [] });
    assert.deepEqual(
      writes.map(({ version }) => version),
      ['2.0', '1.0', '1.0'],
    );
    const [second, first] = writes;
    assert.deepEqual(
      first?.series.map(({ labels, samples }) => ({ labels, samples })),
      second?.series.map(({ labels, samples }) => ({ labels, samples })),
    );
    assert.partialDeepStrictEqual(first?.headers, {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    });
  });
}

test('remote write: values and times arrive bit by bit, in either version', async (context) => {
  const values = [0, 0.1, 1e-9, 123_456_789.123_456_78, 2 ** 53, 1e12, Number.MIN_VALUE];
  const [labels = []] = seriesOf(1, [['currency', 'ÜSD 😀']]);
  const samples = values.map((value, index) => ({ labels, at: START + index, value }));
  for (const version of ['2.0', '1.0'] as const) {
    const { url, writes } = await startWriteReceiver(context, {
      answer: (request) => (request.version === version ? undefined : { status: 415 }),
    });
    await write(samples, url);
    const { series } = writes.at(-1) ?? assert.fail();
    assert.deepEqual(
      series[0]?.samples,
      samples.map(({ at, value }) => [at, value]),
    );
    assert.ok(series[0]?.labels.includes('currency=ÜSD 😀'));
  }
});

test('remote write: requests stay under a megabyte and 10,000 samples, and follow one another', async (context) => {
  let open = 0;
  const { url, writes } = await startWriteReceiver(context, {
    async answer() {
      open += 1;
      assert.equal(open, 1, 'one request at a time');
      await new Promise(setImmediate);
      open -= 1;
      return undefined;
    },
  });
  const counts: number[] = [];
  const long: SeriesLabels = [['endpoint', 'ü'.repeat(2000)]];
  const stream = function* () {
    yield* samplesOf(seriesOf(10), 1500);
    yield* samplesOf(seriesOf(700, long), 2);
  };
  const summary = await write(stream(), url, { acknowledged: (count) => counts.push(count) });
  assert.equal(summary.accepted, 16_400);
  const sizes = writes.map(({ bytes }) => bytes);
  assert.ok(Math.max(...sizes) < 1_000_000, String(sizes));
  assert.ok(writes.length > 4 && writes.every((request) => samplesIn(request) <= 10_000));
  assert.equal(samplesIn(writes[0] ?? assert.fail()), 10_000);
  const sums = writes.map(samplesIn).map((_, index, all) => all.slice(0, index + 1).reduce((a, b) => a + b));
  assert.deepEqual(counts, sums);
});

test('remote write: reads the stream no further than the next request needs', async (context) => {
  let read = 0;
  const { url } = await startWriteReceiver(context, {
    answer() {
      seen.push(read);
      return undefined;
    },
  });
  const seen: number[] = [];
  const stream = async function* () {
    for (const sample of samplesOf(seriesOf(100), 300)) {
      read += 1;
      yield read % 1000 === 0 ? undefined : sample;
      if (read % 1000 === 0) yield sample;
    }
  };
  assert.equal((await write(stream(), url)).accepted, 30_000);
  assert.deepEqual(seen, [10_001, 20_001, 30_000]);
});

test('remote write: skips what an earlier run acknowledged', async (context) => {
  const { url, writes } = await startWriteReceiver(context);
  const counts: number[] = [];
  const summary = await write(samplesOf(seriesOf(2), 3), url, {
    skip: 5,
    acknowledged: (count) => counts.push(count),
  });
  assert.deepEqual([summary.accepted, counts], [1, [6]]);
  assert.deepEqual(
    writes[0]?.series.map(({ samples }) => samples),
    [[[START + 600_000, 2.01]]],
  );
  assert.deepEqual(await write(samplesOf(seriesOf(2), 3), url, { skip: 6 }), { accepted: 0, refused: [] });
  assert.equal(writes.length, 1);
});

test('remote write: 20 runs that are aborted, each after what the one before acknowledged, send every sample', async (context) => {
  const got = new Map<string, number>();
  let stop = new AbortController();
  let requests = 0;
  const { url } = await startWriteReceiver(context, {
    answer(request) {
      requests += 1;
      for (const series of request.series)
        for (const [at, value] of series.samples) got.set(`${modelOf(series)}@${at}`, value);
      // Before the answer and after it, by turns.
      if (requests % 3 === 0) stop.abort();
      return undefined;
    },
  });
  // Four samples fill a request.
  const series = seriesOf(60, [['endpoint', 'x'.repeat(200_000)]]);
  let skip = 0;
  let runs = 0;
  for (let isDone = false; !isDone; runs++) {
    stop = new AbortController();
    const acknowledged = (count: number) => {
      skip = count;
      if (runs % 2 === 0 && requests % 2 === 0) stop.abort();
    };
    const run = write(samplesOf(series, 2), url, { skip, acknowledged, signal: stop.signal });
    isDone = await run.then(
      () => true,
      () => false,
    );
  }
  assert.ok(runs > 20, String(runs));
  assert.equal(skip, 120);
  assert.equal(got.size, 120);
  for (const { labels, at, value } of samplesOf(series, 2)) {
    const model = labels.at(-1)?.[1];
    assert.equal(got.get(`${model}@${at}`), value);
  }
});

test('remote write: retries 500, 503 and 429, not before Retry-After', async (context) => {
  const answers: (WriteAnswer | undefined)[] = [
    { status: 500 },
    { status: 503 },
    { status: 429, headers: { 'retry-after': '17' } },
    undefined,
  ];
  const { url, writes } = await startWriteReceiver(context, { answer: () => answers.shift() });
  const waits: number[] = [];
  let at = START;
  const wait = async (ms: number) => {
    waits.push(ms);
    at += ms;
  };
  const summary = await write(samplesOf(seriesOf(1), 1), url, { wait, now: () => at });
  assert.deepEqual([summary.accepted, writes.length, waits], [1, 4, [1000, 1500, 17_000]]);
});

test('remote write: gives up a receiver that stays away, and says what was acknowledged', async (context) => {
  let requests = 0;
  const receiver = await startWriteReceiver(context, {
    answer() {
      requests += 1;
      if (requests > 1) receiver.stop();
      return undefined;
    },
  });
  const counts: number[] = [];
  const sending = write(samplesOf(seriesOf(10), 2000), receiver.url, {
    acknowledged: (count) => counts.push(count),
  });
  const host = `127.0.0.1:${receiver.port}`;
  await assert.rejects(sending, {
    name: 'RemoteWriteError',
    message: `${host} does not accept remote write: no answer from ${host}: ECONNREFUSED; is it up and reachable?`,
  });
  assert.deepEqual(counts, [10_000]);
});

test('remote write: ends a request that hangs at its timeout, and repeats it', async (context) => {
  let requests = 0;
  const { url } = await startWriteReceiver(context, {
    answer: () => (requests++ === 0 ? new Promise<undefined>(() => {}) : undefined),
  });
  const summary = await write(samplesOf(seriesOf(1), 1), url, { receiver: { timeoutMs: 50 } });
  assert.deepEqual([summary.accepted, requests], [1, 2]);
});

test('remote write: ends at once when the signal aborts', async (context) => {
  const stop = new AbortController();
  const { url } = await startWriteReceiver(context, {
    answer() {
      stop.abort(new Error('the test stops'));
      return new Promise<undefined>(() => {});
    },
  });
  await assert.rejects(write(samplesOf(seriesOf(1), 1), url, { signal: stop.signal }), /the test stops/);
});

const final: readonly (readonly [status: number, hint: string])[] = [
  [401, '401 Unauthorized: who are you, [key]?; check the credentials'],
  [403, '403 Forbidden: who are you, [key]?; check the credentials'],
  [
    404,
    '404 Not Found: who are you, [key]?; is the URL that of a remote write receiver, and is the receiver enabled?',
  ],
];

for (const [status, hint] of final) {
  test(`remote write: ends at once at ${status}, without showing the key`, async (context) => {
    const { url, writes, port } = await startWriteReceiver(context, {
      answer: () => ({ status, body: 'who are you, token-1?' }),
    });
    const headers = () => ({ authorization: 'Bearer token-1' });
    await assert.rejects(write(samplesOf(seriesOf(1), 1), url, { receiver: { headers } }), (error) => {
      assert.ok(error instanceof RemoteWriteError);
      assert.equal(error.message, `127.0.0.1:${port} does not accept remote write: ${hint}`);
      return true;
    });
    assert.ok(writes.length <= 2);
  });
}

for (const version of ['2.0', '1.0'] as const) {
  const from = (answer: ReturnType<typeof refusing>) => (request: Write) =>
    request.version === '2.0' && version === '1.0' ? { status: 415 } : answer(request);

  test(`remote write ${version}: finds the refused series, and sends the rest`, async (context) => {
    const got = new Set<string>();
    const answer = refusing((model) => ['m3', 'm77'].includes(model));
    const { url, writes } = await startWriteReceiver(context, {
      answer: from((request) => {
        const answered = answer(request);
        if (!answered)
          for (const series of request.series)
            for (const [at] of series.samples) got.add(`${modelOf(series)}@${at}`);
        return answered;
      }),
    });
    const summary = await write(samplesOf(seriesOf(100), 250), url);
    assert.deepEqual(modelsOf(summary.refused).sort(), ['m3', 'm77']);
    assert.deepEqual(
      summary.refused.map(({ reason, samples }) => [reason, samples]),
      [1, 2].map(() => [`400 Bad Request: ${OUT_OF_ORDER}`, 250]),
    );
    assert.deepEqual([summary.accepted, got.size], [98 * 250, 98 * 250]);
    assert.ok(writes.length < 3 + 256 + 2 * 65, `${writes.length} requests`);
  });

  test(`remote write ${version}: a series that was too old goes on as soon as it is accepted`, async (context) => {
    const { url } = await startWriteReceiver(context, {
      answer: from(refusing((model, at) => model === 'm1' && at < START + 1500 * 300_000)),
    });
    const summary = await write(samplesOf(seriesOf(4), 10_000), url);
    assert.deepEqual(modelsOf(summary.refused), ['m1']);
    assert.equal(summary.refused[0]?.samples, 1500);
    assert.equal(summary.accepted, 40_000 - 1500);
  });

  test(`remote write ${version}: a receiver that refuses everything is asked in bounded work`, async (context) => {
    const { url, writes } = await startWriteReceiver(context, { answer: from(refusing(() => true)) });
    const summary = await write(samplesOf(seriesOf(1000), 50), url);
    assert.deepEqual([summary.accepted, summary.refused.length], [0, 1000]);
    assert.ok(writes.length <= 1 + 256 + 4 * 64, `${writes.length} requests`);
  });
}

test('remote write: sends over TLS under the name of the certificate, with a client certificate', async (context) => {
  const { ca, server, client } = makeCertificates();
  const { url, port, writes } = await startWriteReceiver(context, { tls: { ...server, clientCa: ca } });
  const address = `https://127.0.0.1:${port}/`;
  for (const [at, tls] of [
    [url, { ca, ...client }],
    [address, { ca, ...client, serverName: 'localhost' }],
  ] as const)
    assert.equal((await write(samplesOf(seriesOf(1), 1), at, { receiver: { tls } })).accepted, 1);
  assert.equal(writes.length, 2);
  const other = { ca, ...client, serverName: 'other.example' };
  const receiver = { tls: other, giveUpAfterMs: 500 };
  await assert.rejects(
    write(samplesOf(seriesOf(1), 1), address, { receiver }),
    /the certificate of the receiver is not trusted: ERR_TLS_CERT_ALTNAME_INVALID; is it up/,
  );
  await assert.rejects(
    write(samplesOf(seriesOf(1), 1), url, { receiver: { giveUpAfterMs: 500 } }),
    /not trusted/,
  );
});
