import type { TestContext } from 'node:test';
import type { OpenTelemetry } from '../../../src/config/otel/open-telemetry.ts';
import { DEFAULT_BUDGET_ALERTS } from '../../../src/core/reports/budget.ts';
import { ONE, parseDecimal } from '../../../src/core/values/money.ts';
import { DAY, HOUR, MINUTE, startOfDay } from '../../../src/core/values/time.ts';
import { type Providers, SIMULATED_IDS, startAll } from '../../simulators/all.ts';
import { type FakeClock, fakeClockAt } from '../../simulators/kit/world.ts';
import { type Exporter, startExporter } from './exporter.ts';

/**
 * Near the end of a month, so that the next one is reached within a poll or two. It is past for who runs the tests: databases refuse
 * what is yet to come.
 */
const START = Date.UTC(2026, 2, 29, 9, 47, 13);
const usd = parseDecimal;

/** Provider activity between two polls. Together, in this order, it fills and changes every family of the catalog. */
export const ACTIVITIES: readonly ((world: EveryFamily) => Promise<void>)[] = [
  nothing,
  spend,
  revise,
  fail,
  recover,
  nextMonth,
  afterwards,
];

/** The exporter on all simulators, and the rows that are booked by hand. */
export interface EveryFamily {
  readonly clock: FakeClock;
  readonly providers: Providers;
  readonly exporter: Exporter;
  readonly entries: Entries;
}

/** Starts it, with two days of generated bills. The clock stands near the end of a month that is past. */
export async function startEveryFamily(
  context: TestContext,
  openTelemetry: Partial<OpenTelemetry> = {},
): Promise<EveryFamily> {
  const clock = fakeClockAt(START);
  const since = startOfDay(START) - DAY;
  const providers = await startAll({ clock, genesis: since });
  context.after(() => providers.close());
  const accounts = SIMULATED_IDS.map((provider) => {
    const { url, key } = providers[provider];
    return { provider, url, key, since, ...(provider === 'inference_sh' && { entries: PROBES }) };
  });
  const budgets = [
    { name: 'all', limit: usd('500'), period: 'month', match: {}, ...DEFAULT_BUDGET_ALERTS },
  ] as const;
  const exporter = await startExporter(context, clock, accounts, { budgets, maxSeries: 260, openTelemetry });
  return { clock, providers, exporter, entries: bookedBy(providers) };
}

const PROBES = [
  {
    name: 'images',
    pricing: {
      prices: { per_image: 200000 },
      inference_expression: 'image_count(output_meta.outputs) * prices.per_image',
    },
    output_meta: { inputs: [], outputs: [{ type: 'image', count: 2 }] },
  },
];

type Entries = ReturnType<typeof bookedBy>;

/** Rows that the generators do not produce, booked by hand to be revised or removed. */
function bookedBy({ baseten, venice, northflank }: Providers) {
  const venical = {
    currency: 'USD',
    units: ONE,
    pricePerUnitUsd: usd('1'),
    notes: '',
    inferenceDetails: null,
  };
  const at = START - 5 * MINUTE;
  return {
    charge: venice.book({ ...venical, at, sku: 'some-image-unit', amount: usd('-3'), model: 'some' }),
    tokens: venice.book({ ...venical, at, sku: 'other-llm-input-mtoken', amount: usd('-2'), model: 'other' }),
    purchase: venice.book({ ...venical, at, sku: 'credit-purchase', amount: usd('50') }),
    foreign: venice.book({ ...venical, at, sku: 'thing', amount: usd('-7'), currency: 'EUR' }),
    deployment: baseten.book({
      category: 'dedicated',
      at,
      subtotal: usd('4'),
      minutes: 60,
      inference_requests: 7,
      resource: { id: 'dep-by-hand', kind: 'MODEL_DEPLOYMENT', name: 'by-hand', model_name: 'hand' },
    }),
    hour: northflank.book({
      scope: 'paas',
      at: startOfDay(START) + 3 * HOUR,
      team: 'core',
      project: 'api',
      resourceType: 'service',
      resource: 'by-hand',
      price: { total: usd('2'), cpu: usd('1.5') },
    }),
  };
}

async function nothing(): Promise<void> {}

async function spend({ clock, providers: { venice, baseten }, entries }: EveryFamily): Promise<void> {
  clock.advance(65 * MINUTE);
  const at = clock.now() - MINUTE;
  const more = { at, units: ONE, pricePerUnitUsd: usd('1.5'), notes: '', inferenceDetails: null };
  venice.book({ ...more, sku: 'some-image-unit', amount: usd('-1.5'), currency: 'USD', model: 'some' });
  venice.book({ ...more, sku: 'credit-purchase', amount: usd('20'), currency: 'USD' });
  venice.book({ ...more, sku: 'thing', amount: usd('-1'), currency: 'EUR' });
  entries.deployment.revise({ subtotal: usd('5'), minutes: 90, inference_requests: 9 });
  const unlike = (body: string) =>
    body.replace('{', '{"brand_new":1,').replace(/"total":"?[\d.]+"?/g, '"total":9');
  baseten.fault({ kind: 'edit', edit: unlike }, /usage_summary/);
}

async function revise({ clock, providers: { baseten }, entries }: EveryFamily): Promise<void> {
  baseten.fault(undefined);
  clock.advance(20 * MINUTE);
  entries.charge.remove();
  entries.tokens.remove();
  entries.purchase.remove();
  entries.foreign.remove();
  entries.deployment.revise({ subtotal: usd('3'), minutes: 30, inference_requests: 4 });
  entries.hour.revise({ price: { total: usd('1'), cpu: usd('0.5') } });
}

async function fail({ clock, providers: { baseten, venice, northflank } }: EveryFamily): Promise<void> {
  clock.advance(6 * HOUR);
  baseten.fault({ kind: 'status', status: 503 });
  venice.fault({ kind: 'reset', times: 1 });
  northflank.fault({ kind: 'status', status: 401 });
}

/** One fee fails, and the total is another. */
function withHigherPrice(body: string): string {
  return body
    .replace(/"value":\d+/, '"value":1,"error":"no such price"')
    .replace(/"total":\{"value":\d+/, '"total":{"value":5');
}

async function recover({ clock, providers }: EveryFamily): Promise<void> {
  for (const simulator of [providers.baseten, providers.venice, providers.northflank])
    simulator.fault(undefined);
  clock.advance(26 * HOUR);
  const edited = (find: RegExp, put: string) =>
    ({ kind: 'edit', edit: (body: string) => body.replace(find, put) }) as const;
  providers.venice.fault(edited(/"canConsume":true/, '"canConsume":false'), /balance/);
  providers.venice.fault(edited(/"amount":\d+/, '"amount":7'), /rate_limits/);
  providers.inference_sh.fault({ kind: 'edit', edit: withHigherPrice }, /evaluate/);
  const apiKey = { id: 'key-new', description: 'New' };
  const row = {
    at: clock.now() - MINUTE,
    units: ONE,
    pricePerUnitUsd: usd('1'),
    notes: '',
    inferenceDetails: null,
  };
  providers.venice.book({ ...row, sku: 'new-image-unit', amount: usd('-2'), currency: 'USD', apiKey });
}

async function nextMonth({ clock }: EveryFamily): Promise<void> {
  clock.set(Date.UTC(2026, 3, 1, 10, 5));
}

/** What came late. */
async function afterwards({ clock, entries }: EveryFamily): Promise<void> {
  clock.advance(2 * HOUR);
  entries.deployment.revise({ subtotal: usd('3.25') });
}
