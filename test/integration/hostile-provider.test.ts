import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { waitForPage } from '../support/exporter/exporter-page.ts';
import { HOSTILE_ANSWERS, startHostileProvider } from '../support/exporter/hostile-provider.ts';
import { configure, type Exporter, folderOf, serve } from '../support/exporter/process.ts';
import { type Watched, watchProcess } from '../support/exporter/watched-process.ts';
import { samplesOf } from '../support/exposition/expected.ts';

/** The memory of a container in `docs/deployment.md`. */
const MEMORY_BYTES = 512 * 2 ** 20;
/** The maximum log size about one hostile provider. */
const LOG_BYTES = 64 * 1024;

interface Met {
  readonly exporter: Exporter;
  readonly watched: Watched;
}

/** Polls every feed of Venice with the same response, until one poll of a feed has ended. */
async function meet(context: TestContext, name: string, feed: string, metric: string): Promise<Met> {
  const url = await startHostileProvider(context, (HOSTILE_ANSWERS[name] ?? assert.fail(name))());
  const folder = await folderOf(context);
  const accounts = { venice: { url, key: 'key-of-venice' } };
  const file = await configure(folder, { accounts, schedule: '0 0 1 1 *' });
  const exporter = await serve(context, file, { env: { NODE_OPTIONS: '--max-old-space-size=384' } });
  const stop = watchProcess(exporter);
  await waitForPage(exporter, (page) =>
    samplesOf(page, metric).some(({ labels, value }) => {
      return labels.feed === feed && value > 0 && (labels.reason ?? 'contract') === 'contract';
    }),
  );
  return { exporter, watched: await stop() };
}

const FAILED = 'ai_billing_poll_failures_total';
const ENDED = 'ai_billing_polls_total';

for (const name of [
  'a list of empty objects, 45 MB in 44 kB',
  'a page of empty rows, 45 MB',
  'numbers of 100,000 digits',
  'as many currencies as rows',
  'arrays nested ten million deep',
  'one string of 100 MB',
  'pages without an end',
]) {
  test(`hostile provider: ${name}: fails the poll as contract, in bounded memory`, async (context) => {
    const { exporter, watched } = await meet(context, name, 'usage', FAILED);
    assert.ok(watched.peakBytes < MEMORY_BYTES, `${watched.peakBytes} bytes`);
    assert.ok(exporter.err().length < LOG_BYTES, exporter.err().slice(0, 2000));
    assert.equal((await exporter.end('SIGTERM')).code, 0);
  });
}

test('hostile provider: 50,000 unknown fields are logged as a few lines and a count of the rest', async (context) => {
  const { exporter, watched } = await meet(context, '50,000 unknown fields', 'balance', ENDED);
  const lines = exporter
    .err()
    .split('\n')
    .filter((line) => line.includes('response does not match the documentation"'));
  assert.equal(lines.length, 11);
  // Two answers of 50,000 each, and what is known to only one of them.
  assert.match(exporter.err(), /"what":"and 99985 more"/);
  assert.ok(exporter.err().length < LOG_BYTES, `${exporter.err().length} characters`);
  assert.ok(watched.peakBytes < MEMORY_BYTES, `${watched.peakBytes} bytes`);
});

test('hostile provider: 400,000 unknown fields are refused, with bounded memory and log', async (context) => {
  const { exporter, watched } = await meet(context, '400,000 unknown fields', 'balance', FAILED);
  assert.match(exporter.err(), /has an object of more than 60000 keys/);
  assert.ok(exporter.err().length < LOG_BYTES, `${exporter.err().length} characters`);
  assert.ok(watched.peakBytes < MEMORY_BYTES, `${watched.peakBytes} bytes`);
});
