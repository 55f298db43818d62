import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { realServerTest } from '../support/binaries.ts';
import { run } from '../support/child.ts';
import { launchWithOwnLibraries } from '../support/debian.ts';
import { promtoolCheckMetrics, startPrometheus } from '../support/prometheus.ts';

const TEXT = `# HELP cost_usd_total US dollars.
# TYPE cost_usd_total counter
cost_usd_total{model="a",tier=""} 0.1
cost_usd_total{model="b \\"quoted\\" \\\\ back\\nnext"} 12345678.90123456
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

/** A page on a free loopback port; gives its address. */
async function serve(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  context.after(() => server.close());
  context.after(() => server.closeAllConnections());
  await once(server, 'listening');
  const address = server.address();
  assert(address !== null && typeof address === 'object');
  return `127.0.0.1:${address.port}`;
}

realServerTest('a page of the text format comes back exactly by query', ['prometheus'], async (context) => {
  const address = await serve(context, (_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(TEXT);
  });
  const prometheus = await startPrometheus(context, {
    targets: [{ address, job: 'text', protocols: ['PrometheusText0.0.4'] }],
  });
  const [target] = await prometheus.scraped();
  assert.equal(target?.health, 'up', target?.lastError);

  const instance = { instance: address, job: 'text' };
  const costs = await prometheus.query('sort(cost_usd_total)');
  assert.deepEqual(
    costs.map(({ labels, value }) => ({ labels, value })),
    [
      { labels: { __name__: 'cost_usd_total', model: 'a', ...instance }, value: '0.1' },
      {
        labels: { __name__: 'cost_usd_total', model: 'b "quoted" \\ back\nnext', ...instance },
        value: '12345678.90123456',
      },
    ],
  );
  const [balance] = await prometheus.query('balance_usd');
  assert.equal(Number(balance?.value), -1e-12);

  const names = (await prometheus.series('{job="text"}')).map((labels) => labels.__name__);
  assert(names.includes('balance_usd') && names.includes('up'));
  const range = { start: (costs[0]?.at ?? 0) - 1000, end: costs[0]?.at ?? 0, stepMs: 100 };
  const [history] = await prometheus.queryRange('cost_usd_total{model="a"}', range);
  assert.equal(history?.values.at(-1)?.value, '0.1');
});

realServerTest('a gzipped OpenMetrics page comes back exactly by query', ['prometheus'], async (context) => {
  const asked: (string | undefined)[] = [];
  const address = await serve(context, (request, response) => {
    asked.push(request.headers.accept);
    response.setHeader('content-type', 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    response.setHeader('content-encoding', 'gzip').end(gzipSync(OPEN_METRICS));
  });
  const prometheus = await startPrometheus(context, {
    targets: [{ address, path: '/other', protocols: ['OpenMetricsText1.0.0'] }],
  });
  const [target] = await prometheus.scraped();
  assert.equal(target?.health, 'up', target?.lastError);
  const [cost] = await prometheus.query('cost_usd_total');
  assert.equal(cost?.value, '0.30000000000000004');
  assert.match(asked[0] ?? '', /^application\/openmetrics-text;version=1\.0\.0/);
});

realServerTest(
  'a page that Prometheus cannot read is a target that is down',
  ['prometheus'],
  async (context) => {
    const address = await serve(context, (_, response) => {
      response
        .setHeader('content-type', 'application/openmetrics-text; version=1.0.0')
        .end('cost_usd_total 1\n');
    });
    const prometheus = await startPrometheus(context, { targets: [{ address }] });
    const [target] = await prometheus.scraped();
    assert.equal(target?.health, 'down');
    assert.match(target?.lastError ?? '', /EOF/);
    assert.deepEqual(await prometheus.query('cost_usd_total'), []);
  },
);

realServerTest('a stopped Prometheus is gone', ['prometheus'], async (context) => {
  const prometheus = await startPrometheus(context, { targets: [] });
  await prometheus.stop();
  await assert.rejects(fetch(`${prometheus.url}/-/ready`));
  assert.match(prometheus.log(), /See you next time/);
});

realServerTest('promtool passes a good page and flags a bad name', ['promtool'], async () => {
  const good = await promtoolCheckMetrics(TEXT);
  assert.deepEqual(good, { code: 0, output: '' });

  const bad = await promtoolCheckMetrics(
    '# HELP costTotal US dollars.\n# TYPE costTotal gauge\ncostTotal 1\n',
  );
  assert.notEqual(bad.code, 0);
  assert.match(bad.output, /camelCase/);
});

realServerTest(
  'the other servers of the catalogue run',
  ['alertmanager', 'amtool', 'victoria-metrics'],
  async (_, pathOf) => {
    for (const name of ['alertmanager', 'amtool', 'victoria-metrics'] as const) {
      const { code, output } = await run(pathOf(name), ['--version']);
      assert.equal(code, 0, output);
    }
  },
);

realServerTest(
  'a program runs with the C library of its own suite',
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
