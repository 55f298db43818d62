import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { FOCUS_COLUMNS } from '../../src/core/focus/columns.ts';
import { BUDGET_LABELS, type Budget, DEFAULT_BUDGET_ALERTS, PERIODS } from '../../src/core/reports/budget.ts';
import { SERIES_LABELS, STEPS, TooManyQuestionsError } from '../../src/core/reports/cost-series.ts';
import { WINDOWS } from '../../src/core/reports/windows.ts';
import { DAY, HOUR, startOfDay } from '../../src/core/values/time.ts';
import type { Feed, Provider } from '../../src/providers/api/provider.ts';
import { baseten } from '../../src/providers/baseten/index.ts';
import { createServer, type ServerOptions } from '../../src/server/server.ts';
import { startBaseten } from '../simulators/baseten/server.ts';
import { startInferenceSh } from '../simulators/inference-sh/server.ts';
import { fakeClockAt } from '../simulators/kit/world.ts';
import { startNorthflank } from '../simulators/northflank/server.ts';
import { startVenice } from '../simulators/venice/server.ts';
import { startExporter } from '../support/exporter/exporter.ts';
import { configure, folderOf, serve } from '../support/exporter/process.ts';
import { noSeries } from '../support/exporter/web.ts';
import {
  createResponseValidator,
  type ResponseValidator,
  readOpenApi,
} from '../support/exposition/openapi.ts';
import { NOON } from '../support/providers/simulated.ts';

const document = await readOpenApi();
const CANARY = 'canary-3c5d-key-that-must-never-show';

describe('docs/openapi.yaml: matches every response, and every documented response occurs', () => {
  const validator = createResponseValidator(document);
  // The last test checks what the others have seen.
  test('responses from the first start to a restart, with failing feeds and a disabled one', (context) =>
    liveAnswers(context, validator));
  test('responses while the provider hangs', (context) => hangingAnswers(context, validator));
  test('responses to reloads', (context) => otherAnswers(context, validator));
  test('every documented response occurred', () => assert.deepEqual(validator.unseen(), []));
});

/** Requests everything that can be read, and returns the status and the costs as text. */
async function readAll(validator: ResponseValidator, url: string): Promise<string> {
  const bodies: unknown[] = [];
  for (const path of Object.keys(document.paths)) {
    if (document.paths[path]?.get === undefined || path === '/api/v1/costs') continue;
    bodies.push(await validator.validate('get', path, await fetch(url + path)));
  }
  bodies.push(await validator.validate('get', '/', await fetch(`${url}/?range=never`)));
  for (const window of WINDOWS) {
    for (const by of ['', 'provider', BUDGET_LABELS.join()]) {
      const response = await fetch(`${url}/api/v1/costs?window=${window}&by=${by}`);
      bodies.push(await validator.validate('get', '/api/v1/costs', response));
    }
  }
  const series = '/api/v1/costs/series';
  for (const query of [
    `by=${SERIES_LABELS.filter((label) => label !== 'token_type').join()}`,
    'by=token_type&measure=tokens&top=1',
    'from=2026-11-22&by=model&top=1&match[account]=fine',
  ]) {
    for (const step of STEPS)
      bodies.push(
        await validator.validate('get', series, await fetch(`${url}${series}?step=${step}&${query}`)),
      );
  }
  const text = JSON.stringify(bodies);
  assert.doesNotMatch(text, new RegExp(CANARY));
  return text;
}

async function liveAnswers(context: TestContext, validator: ResponseValidator): Promise<void> {
  const clock = fakeClockAt(NOON);
  const options = { clock, genesis: NOON - DAY, key: CANARY };
  const simulators = await Promise.all([
    startBaseten(options),
    startBaseten(options),
    startVenice(options),
    startInferenceSh(options),
    startNorthflank(options),
  ]);
  const [fine, refused, venice, inference, northflank] = simulators;
  context.after(() => Promise.all(simulators.map((simulator) => simulator.close())));
  const since = startOfDay(NOON);
  const at = ({ url }: { readonly url: string }) => ({ url, key: CANARY, since });
  const accounts = [
    {
      ...at(fine),
      provider: 'baseten',
      name: 'fine',
      definition: talkative(baseten),
      since: NOON - 60 * DAY,
    },
    { ...at(refused), provider: 'baseten', name: 'refused', definition: optional(baseten) },
    { ...at(venice), provider: 'venice' },
    { ...at(inference), provider: 'inference_sh' },
    { ...at(northflank), provider: 'northflank' },
  ];
  const exporter = await startExporter(context, clock, accounts, { budgets: BUDGETS });
  const fresh = await readAll(validator, exporter.url);
  assert.match(fresh, /"nothing_read"/);

  refused.fault({ kind: 'status', status: 403 });
  venice.fault({ kind: 'throttle', waitSeconds: (25 * HOUR) / 1000, style: 'seconds' });
  northflank.fault({ kind: 'status', status: 500, after: 8 });
  await exporter.pollAll();
  const failing = await readAll(validator, exporter.url);
  assert.match(failing, /"not_read_whole".*"before_since"/);
  assert.match(failing, /"off":\{"reason":"auth"/);
  assert.match(failing, /"lastError":\{"reason":"rate_limited"/);
  assert.match(failing, /"spentUsd":null,"forecastUsd":null.*"spentUsd":"[\d.]+","forecastUsd":"[\d.]+"/);
  assert.match(failing, /"requestBudget":\{"remaining":0,"notBefore":"2026-11-22T12:47:13.000Z"\}/);
  await otherFormats(validator, exporter.url);

  for (const simulator of simulators) simulator.fault(undefined);
  clock.advance(26 * HOUR);
  await exporter.pollAll();
  const mended = await readAll(validator, exporter.url);
  assert.match(mended, /"isComplete":true/);
  assert.doesNotMatch(mended, /"up":(false|null)/);
  await exporter.restart();
  const restarted = await readAll(validator, exporter.url);
  assert.match(restarted, /"isComplete":true/);
  assert.doesNotMatch(restarted, /"up":(false|true)/);
}

/** Responses to unusual requests. */
async function otherFormats(validator: ResponseValidator, url: string): Promise<void> {
  for (const version of ['1.0.0', '0.0.1']) {
    const headers = { accept: `application/openmetrics-text;version=${version}` };
    await validator.validate('get', '/metrics', await fetch(`${url}/metrics`, { headers }));
  }
  for (const query of ['', '?window=week', '?window=today&by=date', '?window=today&limit=1'])
    await validator.validate('get', '/api/v1/costs', await fetch(`${url}/api/v1/costs${query}`));
  for (const query of ['?step=week', '?format=csv', ''])
    await validator.validate(
      'get',
      '/api/v1/costs/series',
      await fetch(`${url}/api/v1/costs/series${query}`),
    );
  const path = '/api/v1/export/focus';
  for (const query of ['', '?from=2026-11-01&to=2026-12-01', '?from=2026-11-01&to=2026-12-01&format=jsonl'])
    await validator.validate('get', path, await fetch(`${url}${path}${query}`));
}

/** Two exports without an end, and a third. */
async function busyExports(context: TestContext, validator: ResponseValidator): Promise<void> {
  const row = FOCUS_COLUMNS.map(() => null);
  const rows = function* () {
    for (;;) yield row;
  };
  const url = await listening(context, { focus: () => ({ ...UNASKED.focus({ start: 0, end: 1 }), rows }) });
  const asked = `${url}/api/v1/export/focus?from=2026-11-01&to=2026-12-01`;
  const endless = [await fetch(asked), await fetch(asked)];
  await validator.validate('get', '/api/v1/export/focus', await fetch(asked));
  for (const { body } of endless) await body?.cancel();
}

/** One over everything, which fails in part, and one over an account that does not. */
const BUDGETS: readonly Budget[] = PERIODS.flatMap((period) =>
  [{}, { account: ['fine'] }].map((match, index) => ({
    ...DEFAULT_BUDGET_ALERTS,
    name: `per ${period} ${index}`,
    limit: 5_000_000_000_000_000n,
    period,
    match,
  })),
);

/** The provider with feeds that report notes. */
function talkative(provider: Provider<unknown>): Provider<unknown> {
  const notes = [{ topic: 'tier', text: 'pro', isWarning: false }];
  const talking = (feed: Feed<unknown, unknown>): Feed<unknown, unknown> => ({
    ...feed,
    reader(range, feedContext) {
      const reader = feed.reader(range, feedContext);
      return { add: (page) => reader.add(page), finish: () => ({ ...reader.finish(), notes }) };
    },
  });
  return { ...provider, feeds: provider.feeds.map(talking) };
}

/** The provider with feeds that not every account may read. */
function optional(provider: Provider<unknown>): Provider<unknown> {
  return { ...provider, feeds: provider.feeds.map((feed) => ({ ...feed, optional: true })) };
}

async function hangingAnswers(context: TestContext, validator: ResponseValidator): Promise<void> {
  const simulator = await startBaseten({ key: CANARY });
  context.after(() => simulator.close());
  simulator.fault({ kind: 'hang' });
  const { url, key } = simulator;
  const file = await configure(await folderOf(context), { accounts: { baseten: { url, key } } });
  const exporter = await serve(context, file);
  const text = await readAll(validator, exporter.url);
  assert.match(text, /"isPolling":true/);
  assert.match(text, /"nextRun":"/);
  assert.match(text, /not ready: not tried yet: baseten/);
}

async function otherAnswers(context: TestContext, validator: ResponseValidator): Promise<void> {
  const answers = { ok: true, wrong: false, missing: undefined };
  for (const ok of Object.values(answers)) {
    const outcome = ok ? { ok } : { ok: false as const, reason: 'accounts[0]: no key' };
    const reload = ok === undefined ? {} : { reload: async () => outcome };
    const url = await listening(context, reload);
    await validator.validate('post', '/-/reload', await fetch(`${url}/-/reload`, { method: 'POST' }));
  }
  const url = await listening(context, {});
  const large = { method: 'POST', body: 'x'.repeat(2000) };
  await validator.validate('post', '/-/reload', await fetch(`${url}/-/reload`, large));
  await validator.validate('get', '/api/v1/status', await fetch(`${url}/api/v1/status`));
  const busy = await listening(context, { series: () => Promise.reject(new TooManyQuestionsError()) });
  await validator.validate('get', '/api/v1/costs/series', await fetch(`${busy}/api/v1/costs/series`));
  await busyExports(context, validator);
}

async function listening(context: TestContext, options: Partial<ServerOptions>): Promise<string> {
  const server = createServer({ ...UNASKED, ...options });
  context.after(() => server.close());
  return server.listen({ host: '127.0.0.1', port: 0 });
}

const UNASKED: ServerOptions = {
  metrics: { answer: () => Promise.reject(new Error('not asked for')) },
  ready: () => ({ ready: true, reason: 'ready' }),
  overview: async () => [],
  status: () => ({
    version: '1',
    startedAt: '2026-11-22T00:00:00.000Z',
    warnings: ['one bill'],
    accounts: [],
    budgets: [],
  }),
  costs: () => {
    throw new Error('not asked for');
  },
  series: noSeries,
  resources: () => [],
  focus: () => ({ gaps: () => ({ next: () => ({ done: true, value: [] }) }), rows: () => [] }),
  now: () => NOON,
  onError: () => {},
};
