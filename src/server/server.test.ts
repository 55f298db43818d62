import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { noSeries } from '../../test/support/exporter/web.ts';
import { parseExposition } from '../../test/support/exposition/exposition.ts';
import {
  counterFamily,
  createFakeSource,
  type FakeSource,
} from '../../test/support/providers/fake-source.ts';
import type { CostReport, CostsQuestion } from '../core/reports/cost-query.ts';
import { TooManyQuestionsError } from '../core/reports/cost-series.ts';
import { formatDecimal, ONE } from '../core/values/money.ts';
import { DAY } from '../core/values/time.ts';
import { Block } from '../sinks/prometheus/gzip.ts';
import { createPrometheusPage } from '../sinks/prometheus/page.ts';
import type { Status } from './pages/status.ts';
import { createServer, type ServerOptions } from './server.ts';

const STATUS: Status = { version: '1.2.3', startedAt: '2026-11-20T00:00:00.000Z', accounts: [], budgets: [] };
const LIVE = {
  render: async () => [new Block(Buffer.from('# HELP live L.\n# TYPE live gauge\nlive 1\n'))],
};

/** Nothing was read of one account, and ten dollars of another. */
function someCosts(question: CostsQuestion): CostReport {
  const start = Date.parse('2026-11-22T00:00:00Z');
  const unknown = [{ provider: 'venice', account: 'prod', reason: 'nothing_read' }] as const;
  const groups = [{ values: question.by.map((label) => `${label} 1`), usd: 10n * ONE + 1n }];
  return { ...question, start, end: start + DAY, unknown, groups, total: undefined };
}

interface Started {
  readonly url: string;
  readonly port: number;
  readonly source: FakeSource;
  readonly errors: unknown[];
}

async function started(t: TestContext, options: Partial<ServerOptions> = {}, series = 3): Promise<Started> {
  const source = createFakeSource([counterFamily(series, 7)]);
  const errors: unknown[] = [];
  const server = createServer({
    metrics: createPrometheusPage(source, LIVE),
    ready: () => ({ ready: true, reason: 'ready' }),
    status: () => STATUS,
    overview: async () => [],
    costs: someCosts,
    series: noSeries,
    resources: () => [],
    focus: () => assert.fail('not asked for'),
    now: () => Date.parse('2026-11-22T02:17:05Z'),
    onError: (error) => errors.push(error),
    ...options,
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => server.close());
  return { url, port: Number(new URL(url).port), source, errors };
}

async function text(response: Response): Promise<[number, string]> {
  return [response.status, await response.text()];
}

/** What comes back for bytes that need not be HTTP. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk;
  });
  socket.write(bytes);
  await once(socket, 'close');
  return answer;
}

describe('the server', () => {
  test('serves scrapes in the requested format and encoding, and reports delivery', async (t) => {
    const { url, source } = await started(t);
    const plain = await fetch(`${url}/metrics`, { headers: { 'accept-encoding': 'identity' } });
    assert.equal(plain.headers.get('content-encoding'), null);
    assert.equal(
      parseExposition(await plain.text(), 'text').value('ai_billing_cost_usd_total', {
        resource: 'resource-1',
      }),
      7,
    );
    const headers = { accept: 'application/openmetrics-text;version=1.0.0', 'accept-encoding': 'gzip' };
    const zipped = await fetch(`${url}/metrics`, { headers });
    assert.equal(zipped.headers.get('content-encoding'), 'gzip');
    assert.match(zipped.headers.get('content-type') ?? '', /^application\/openmetrics-text; version=1\.0\.0/);
    assert.equal(parseExposition(await zipped.text(), 'openmetrics').value('live'), 1);
    assert.deepEqual(source.carriedVersions, [1, 1]);
  });

  test('reports no delivery for HEAD or for a reader that disconnected', async (t) => {
    const { url, source } = await started(t, {}, 200_000);
    const head = await fetch(`${url}/metrics`, {
      method: 'HEAD',
      headers: { 'accept-encoding': 'identity' },
    });
    assert.ok(Number(head.headers.get('content-length')) > 5_000_000);
    const broken = httpRequest(`${url}/metrics`).end();
    const [response] = await once(broken, 'response');
    response.once('data', () => broken.destroy());
    await once(response, 'close').catch(() => {});
    await setTimeout(50);
    assert.deepEqual(source.carriedVersions, []);
    await (await fetch(`${url}/metrics`)).arrayBuffer();
    assert.deepEqual(source.carriedVersions, [1]);
  });

  test('reports health, and readiness once ready', async (t) => {
    let ready = false;
    const { url } = await started(t, {
      ready: () => ({ ready, reason: ready ? 'ready' : 'waiting for venice/prod' }),
    });
    assert.deepEqual(await text(await fetch(`${url}/-/healthy`)), [200, 'healthy\n']);
    assert.deepEqual(await text(await fetch(`${url}/-/ready`)), [503, 'waiting for venice/prod\n']);
    ready = true;
    assert.deepEqual(await text(await fetch(`${url}/-/ready`)), [200, 'ready\n']);
  });

  test('reloads if reloading is enabled', async (t) => {
    const off = await started(t);
    const [status, reason] = await text(await fetch(`${off.url}/-/reload`, { method: 'POST' }));
    assert.equal(status, 403);
    assert.match(reason, /not enabled/);
    let ok = true;
    const on = await started(t, {
      reload: async () => (ok ? { ok } : { ok: false, reason: 'config.yml:3: unknown key' }),
    });
    const post = { method: 'POST', body: new URLSearchParams({ any: 'body' }) };
    assert.deepEqual(await text(await fetch(`${on.url}/-/reload`, post)), [200, 'reloaded\n']);
    ok = false;
    assert.deepEqual(await text(await fetch(`${on.url}/-/reload`, post)), [
      400,
      'config.yml:3: unknown key\n',
    ]);
  });

  test('serves the status unchanged', async (t) => {
    const { url } = await started(t);
    const response = await fetch(`${url}/api/v1/status?pretty`);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    assert.deepEqual(await response.json(), STATUS);
  });

  test('sends security headers with every response, including errors', async (t) => {
    const { url } = await started(t);
    for (const path of [
      '/',
      '/metrics',
      '/-/healthy',
      '/api/v1/status',
      '/api/v1/costs',
      '/nothing',
      '/%zz',
    ]) {
      const response = await fetch(url + path, { headers: { origin: 'https://elsewhere.example' } });
      await response.arrayBuffer();
      assert.match(
        response.headers.get('content-security-policy') ?? '',
        /^default-src 'none'; style-src 'sha256-/,
        path,
      );
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff', path);
      assert.equal(response.headers.get('access-control-allow-origin'), null, path);
    }
  });

  test('serves the page with a policy of its own, compressed if asked for', async (t) => {
    const { url } = await started(t);
    const page = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('content-encoding'), 'gzip');
    assert.equal(page.headers.get('cache-control'), 'no-store');
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(
      policy,
      /; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self';/,
    );
    assert.doesNotMatch(policy, /unsafe|data:|https?:/);
    assert.match(await page.text(), /No account is configured/);
    const plain = await fetch(url, { headers: { 'accept-encoding': 'gzip;q=0, identity' } });
    assert.equal(plain.headers.get('content-encoding'), null);
    await plain.arrayBuffer();
  });

  test('serves the script of the page for a year under its version, and the icon', async (t) => {
    const { url } = await started(t);
    const page = await (await fetch(url)).text();
    const [, script = ''] = /<script src="([^"]+)"/.exec(page) ?? [];
    const named = await fetch(`${url}/${script}`);
    assert.equal(named.headers.get('cache-control'), 'max-age=31536000, immutable');
    assert.equal(named.headers.get('content-type'), 'text/javascript; charset=utf-8');
    assert.match(await named.text(), /addEventListener/);
    const other = await fetch(`${url}/explorer.js?v=0`);
    assert.equal(other.headers.get('cache-control'), 'no-cache');
    await other.arrayBuffer();
    const icon = await fetch(`${url}/favicon.svg`);
    assert.match(await icon.text(), /^<svg /);
    assert.equal(icon.headers.get('content-type'), 'image/svg+xml');
  });

  test('answers an address that the page cannot show with 400, the reason and a way back', async (t) => {
    const { url } = await started(t);
    const table: [query: string, reason: RegExp][] = [
      ['range=week', /range must be one of today, 7d, 30d, this_month, last_month, 90d/],
      ['sort=cost', /sort must be one of name, total, change/],
      ['by=colour', /by must be one of provider, .*, not &#34;colour&#34;/],
      ['from=yesterday', /from must be a UTC date/],
      ['match[colour]=red', /the label of match must be one of/],
      ['nonsense=1', /unknown parameter &#34;nonsense&#34;/],
    ];
    for (const [query, reason] of table) {
      const response = await fetch(`${url}/?${query}`);
      const page = await response.text();
      assert.equal(response.status, 400, query);
      assert.match(page, reason);
      assert.match(page, /<a href="\?">Back/);
    }
  });

  test('answers 503 with a page while too many questions wait', async (t) => {
    const { url } = await started(t, {
      series: () => Promise.reject(new TooManyQuestionsError()),
    });
    const response = await fetch(url);
    assert.equal(response.status, 503);
    assert.match(await response.text(), /too many questions at a time/);
  });

  test('answers HEAD like GET without a body', async (t) => {
    const { url } = await started(t);
    for (const path of [
      '/',
      '/metrics',
      '/-/healthy',
      '/-/ready',
      '/api/v1/status',
      '/api/v1/costs?window=today',
    ]) {
      const get = await fetch(url + path, { headers: { 'accept-encoding': 'identity' } });
      const head = await fetch(url + path, { method: 'HEAD', headers: { 'accept-encoding': 'identity' } });
      assert.deepEqual(await text(head), [get.status, ''], path);
      assert.equal(head.headers.get('content-length'), String((await get.arrayBuffer()).byteLength), path);
    }
  });

  test('groups costs by the requested labels, in order', async (t) => {
    const { url } = await started(t);
    const asked = await fetch(`${url}/api/v1/costs?by=tier%2Cprovider&window=last_month`);
    assert.equal(asked.headers.get('content-type'), 'application/json; charset=utf-8');
    const text = await asked.text();
    assert.deepEqual(JSON.parse(text), {
      window: 'last_month',
      start: '2026-11-22T00:00:00.000Z',
      end: '2026-11-23T00:00:00.000Z',
      isComplete: false,
      unknown: [{ provider: 'venice', account: 'prod', reason: 'nothing_read' }],
      costs: [{ tier: 'tier 1', provider: 'provider 1', usd: '10.000000000001' }],
      totalUsd: null,
    });
    assert.match(text, /"tier":"tier 1","provider"/);
    for (const query of ['window=today', 'window=today&by=', '&by&window=today'])
      assert.equal((await fetch(`${url}/api/v1/costs?${query}`)).status, 200, query);
  });

  test('renders many costs in several turns, and none as an empty list', async (t) => {
    const groups = Array.from({ length: 1200 }, (_, index) => ({
      values: [`$&"\n${index}`],
      usd: BigInt(index),
    }));
    const { url } = await started(t, {
      costs: (question) => ({ ...someCosts(question), groups: question.window === 'today' ? groups : [] }),
    });
    const many = JSON.parse(await (await fetch(`${url}/api/v1/costs?window=today&by=resource`)).text());
    assert.deepEqual(
      many.costs,
      groups.map(({ values: [resource], usd }) => ({ resource, usd: formatDecimal(usd) })),
    );
    const none = JSON.parse(await (await fetch(`${url}/api/v1/costs?window=yesterday&by=resource`)).text());
    assert.deepEqual(none, { ...many, window: 'yesterday', costs: [] });
  });

  test('refuses an invalid cost query and says what is valid', async (t) => {
    const { url } = await started(t);
    const windows = 'window must be one of today, yesterday, month_to_date, last_month';
    const labels = 'provider, account, resource, model, tier, currency';
    const by = (name: string) => `by must be a comma-separated list of ${labels}, not ${name}`;
    const table: [query: string, error: string][] = [
      ['', windows],
      ['?', windows],
      ['?window=', `${windows}, not ""`],
      ['?window=Today', `${windows}, not "Today"`],
      ['?window=today?by=tier', `${windows}, not "today?by=tier"`],
      ['?window=%zz', `${windows}, not "%zz"`],
      ['?window=today&window=today', 'window is repeated'],
      ['?window=today&by=model&by=tier', 'by is repeated'],
      ['?window=today&by=,', by('""')],
      ['?window=today&by=provider,%20tier', by('" tier"')],
      ['?window=today&by=constructor', by('"constructor"')],
      ['?window=today&by=tier,model,tier', 'by repeats tier'],
      ['?window=today&limit=1', 'unknown parameter "limit"; expected window or by'],
      [`?window=today&${'x'.repeat(50)}`, `unknown parameter "${'x'.repeat(40)}"; expected window or by`],
    ];
    for (const [query, error] of table) {
      const response = await fetch(`${url}/api/v1/costs${query}`);
      assert.equal(response.status, 400, query);
      assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
      assert.deepEqual(await response.json(), { error }, query);
    }
  });

  test('answers unknown paths and methods in plain text', async (t) => {
    const { url } = await started(t);
    assert.deepEqual(await text(await fetch(`${url}/nothing`)), [404, 'not found\n']);
    for (const path of ['/x*y', '/:x', '/metrics*', '/(x'])
      assert.deepEqual(await text(await fetch(url + path)), [404, 'not found\n'], path);
    assert.deepEqual(await text(await fetch(`${url}/%zz`)), [400, 'bad request\n']);
    const reload = await fetch(`${url}/-/reload`);
    assert.equal(reload.headers.get('allow'), 'POST');
    assert.deepEqual(await text(reload), [405, 'method not allowed\n']);
    const post = await fetch(`${url}/metrics?x=y`, { method: 'POST', body: 'x' });
    assert.equal(post.headers.get('allow'), 'GET, HEAD');
    assert.deepEqual(await text(post), [405, 'method not allowed\n']);
  });

  test('refuses large bodies, large headers and malformed HTTP', async (t) => {
    const { url, port } = await started(t);
    const large = await fetch(`${url}/-/reload`, { method: 'POST', body: 'x'.repeat(2000) });
    assert.deepEqual(await text(large), [413, 'bad request\n']);
    assert.match(
      await raw(port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
      /^HTTP\/1\.1 431 /,
    );
    assert.match(await raw(port, 'NONSENSE\r\n\r\n'), /^HTTP\/1\.1 400 /);
  });

  test('does not reveal internal errors', async (t) => {
    const failure = new Error('secret detail');
    const { url, errors } = await started(t, {
      status: () => {
        throw failure;
      },
    });
    assert.deepEqual(await text(await fetch(`${url}/api/v1/status`)), [500, 'internal error\n']);
    assert.deepEqual(await text(await fetch(`${url}/`)), [500, 'internal error\n']);
    assert.deepEqual(errors, [failure, failure]);
    assert.deepEqual(await text(await fetch(`${url}/-/healthy`)), [200, 'healthy\n']);
  });
});
