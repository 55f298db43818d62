import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { run } from '../support/exporter/child.ts';
import { serveOnLoopback } from '../support/exporter/loopback.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import { launchWithOwnLibraries } from '../support/programs/debian.ts';
import { promtoolCheckMetrics, type ScrapeTarget, startPrometheus } from '../support/programs/prometheus.ts';

const TEXT = `# HELP cost_usd_total US dollars.
# TYPE cost_usd_total counter
cost_usd_total{model="a",tier=""} 0.1
cost_usd_total{model="b \\"c\\" \\\\ d\\ne"} 12345678.90123456
# HELP balance_usd US dollars.
# TYPE balance_usd gauge
balance_usd -0.000000000001
`;

const OPEN_METRICS = `# HELP cost_usd US dollars.
# TYPE cost_usd counter
# UNIT cost_usd usd
cost_usd_total{model="a"} 0.30000000000000004
# EOF
`;
const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

async function serveText(context: TestContext): Promise<ScrapeTarget> {
  const address = await serveOnLoopback(context, (_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(TEXT);
  });
  return { address, job: 'text', protocols: ['PrometheusText0.0.4'] };
}

async function serveOpenMetrics(context: TestContext): Promise<ScrapeTarget> {
  const address = await serveOnLoopback(context, ({ headers, url }, response) => {
    assert.match(headers.accept ?? '', /^application\/openmetrics-text;version=1\.0\.0/);
    assert.match(String(headers['accept-encoding']), /gzip/);
    assert.equal(url, '/other');
    response.setHeader('content-type', OPEN_METRICS_TYPE).setHeader('content-encoding', 'gzip');
    response.end(gzipSync(OPEN_METRICS));
  });
  return { address, job: 'openmetrics', path: '/other', protocols: ['OpenMetricsText1.0.0'] };
}

async function serveTruncated(context: TestContext): Promise<ScrapeTarget> {
  const address = await serveOnLoopback(context, (_, response) => {
    response.setHeader('content-type', OPEN_METRICS_TYPE).end(OPEN_METRICS.replace('# EOF\n', ''));
  });
  return { address, job: 'truncated' };
}

realServerTest(
  'test servers: Prometheus returns exactly what it scraped',
  ['prometheus'],
  async (context) => {
    const pages = await Promise.all([serveText(context), serveOpenMetrics(context), serveTruncated(context)]);
    const prometheus = await startPrometheus(context, { targets: pages });
    const targets = new Map((await prometheus.scraped()).map((target) => [target.labels.job, target]));

    await context.test('scrapes the text format', async () => {
      const instance = { instance: pages[0].address, job: 'text' };
      assert.equal(targets.get('text')?.health, 'up', targets.get('text')?.lastError);
      const costs = await prometheus.query('sort(cost_usd_total{job="text"})');
      assert.deepEqual(
        costs.map(({ labels, value }) => ({ labels, value })),
        [
          { labels: { __name__: 'cost_usd_total', model: 'a', ...instance }, value: '0.1' },
          {
            labels: { __name__: 'cost_usd_total', model: 'b "c" \\ d\ne', ...instance },
            value: '12345678.90123456',
          },
        ],
      );
      const [balance] = await prometheus.query('balance_usd');
      assert.equal(Number(balance?.value), -1e-12);
    });

    await context.test('returns series and their history', async () => {
      const names = (await prometheus.series('{job="text"}')).map((labels) => labels.__name__);
      assert(names.includes('balance_usd') && names.includes('up'));
      const [now] = await prometheus.query('cost_usd_total{model="a", job="text"}');
      assert(now);
      const range = { start: now.at - 1000, end: now.at, stepMs: 100 };
      const [history] = await prometheus.queryRange('cost_usd_total{model="a", job="text"}', range);
      assert.deepEqual(history?.values.at(-1), { at: now.at, value: '0.1' });
    });

    await context.test('scrapes gzipped OpenMetrics', async () => {
      assert.equal(targets.get('openmetrics')?.health, 'up', targets.get('openmetrics')?.lastError);
      const [cost] = await prometheus.query('cost_usd_total{job="openmetrics"}');
      assert.equal(cost?.value, '0.30000000000000004');
    });

    await context.test('a truncated response marks the target as down', async () => {
      assert.equal(targets.get('truncated')?.health, 'down');
      assert.match(targets.get('truncated')?.lastError ?? '', /EOF/);
      assert.deepEqual(await prometheus.query('cost_usd_total{job="truncated"}'), []);
    });
  },
);

realServerTest('test servers: a stopped Prometheus no longer answers', ['prometheus'], async (context) => {
  const prometheus = await startPrometheus(context, { targets: [] });
  await prometheus.stop();
  await assert.rejects(fetch(`${prometheus.url}/-/ready`));
  assert.match(prometheus.log(), /See you next time/);
});

realServerTest(
  'test servers: promtool accepts valid metrics and rejects an invalid name',
  ['promtool'],
  async () => {
    const good = await promtoolCheckMetrics(TEXT);
    assert.deepEqual(good, { code: 0, output: '' });

    const bad = await promtoolCheckMetrics(
      '# HELP costTotal US dollars.\n# TYPE costTotal gauge\ncostTotal 1\n',
    );
    assert.notEqual(bad.code, 0);
    assert.match(bad.output, /camelCase/);
  },
);

realServerTest(
  'test servers: Alertmanager, amtool and VictoriaMetrics start',
  ['alertmanager', 'amtool', 'victoria-metrics'],
  async (_, pathOf) => {
    for (const name of ['alertmanager', 'amtool', 'victoria-metrics'] as const) {
      const { code, output } = await run(pathOf(name), ['--version']);
      assert.equal(code, 0, output);
    }
  },
);

realServerTest(
  'test servers: a program runs with the C library of its own Debian suite',
  ['promtool'],
  async (context, pathOf) => {
    const program = await realpath(pathOf('promtool'));
    const [root, isUnpacked] = program.split('/packages/');
    if (root === undefined || isUnpacked === undefined) return context.skip('promtool is installed here');

    const folder = await mkdtemp(join(tmpdir(), 'launcher '));
    context.after(() => rm(folder, { recursive: true }));
    const launcher = join(folder, "promtool's");
    await launchWithOwnLibraries(root, program, launcher);
    const { code, output } = await run(launcher, ['check', 'metrics'], { input: TEXT });
    assert.equal(code, 0, output);
  },
);
