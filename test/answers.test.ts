import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDecimal } from '../src/core/values/money.ts';
import { PollError } from '../src/providers/api/errors.ts';
import { allCases, contextOf, exchangeOf, providerOf, situationOf } from './support/providers/cases.ts';
import { type Exchange, fakeAsk } from './support/providers/fake-ask.ts';
import { pollOnce } from './support/providers/readings.ts';

/** Stands for a JSON number that no double holds; put in as text. */
const HUGE = '@@1e400@@';

/** Values that are not amounts in any documented form. `1.5` is invalid if amounts are whole numbers. */
const NO_MONEY: readonly unknown[] = [
  ...[HUGE, '1e400', '-1e400', '123456789012345678e390', 'Infinity', '-Infinity', 'NaN', 'null'],
  ...[
    '',
    ' ',
    ' 1',
    '1 ',
    '1\n',
    '\t1',
    '0x10',
    '0b1',
    '0o7',
    '1n',
    '1_000',
    '1,000',
    '1.000,50',
    '1,5',
    '1 000',
  ],
  ...['$1', '1 USD', '-', '+', '.', '--1', '1e', '1e5e5', '1e 5', '1e0x10', '1.2.3', '\u0661', 'free'],
  ...[true, false, [], [1], {}, { value: 1 }],
];
const NO_COUNT: readonly unknown[] = [null, 'many', HUGE, '1e400', true, [], {}, ''];
const NO_TEXT: readonly unknown[] = [7, true, [], { a: 1 }];
const GONE = Symbol('gone');
const CASES = allCases();

interface Answered {
  readonly provider: string;
  readonly case: string;
  /** The response of the case that is altered. */
  readonly at: number;
  /** An amount that the ledger adds up: it must be present and valid. */
  readonly money: readonly string[];
  /** An amount in an open map, in which a missing row cannot be detected. */
  readonly rows?: readonly string[];
  /** An optional amount. */
  readonly otherMoney?: readonly string[];
  readonly counts?: readonly string[];
  readonly texts?: readonly string[];
  /** Whole numbers only. */
  readonly isWhole?: boolean;
}

const ANSWERS: readonly Answered[] = [
  {
    provider: 'baseten',
    case: 'all-categories',
    at: 0,
    money: [
      'dedicated_usage.total',
      'dedicated_usage.breakdown.0.subtotal',
      'dedicated_usage.breakdown.0.daily.0.subtotal',
      'training_usage.total',
      'training_usage.breakdown.0.daily.0.subtotal',
      'model_apis_usage.total',
      'model_apis_usage.breakdown.0.subtotal',
      'model_apis_usage.breakdown.0.daily.1.subtotal',
    ],
    otherMoney: [
      'dedicated_usage.subtotal',
      'dedicated_usage.credits_used',
      'dedicated_usage.breakdown.0.compute_cost',
      'dedicated_usage.breakdown.0.surcharge_cost',
    ],
    counts: [
      'dedicated_usage.minutes',
      'dedicated_usage.breakdown.0.minutes',
      'dedicated_usage.breakdown.0.inference_requests',
      'dedicated_usage.breakdown.0.daily.0.minutes',
      'dedicated_usage.breakdown.0.daily.0.inference_requests',
      'training_usage.minutes',
      'training_usage.breakdown.0.daily.0.minutes',
      'model_apis_usage.breakdown.0.input_tokens',
      'model_apis_usage.breakdown.0.daily.0.input_tokens',
      'model_apis_usage.breakdown.0.daily.0.output_tokens',
      'model_apis_usage.breakdown.0.daily.1.cached_input_tokens',
    ],
    texts: [
      'dedicated_usage.breakdown.0.billable_resource',
      'dedicated_usage.breakdown.0.billable_resource.id',
      'dedicated_usage.breakdown.0.billable_resource.kind',
      'dedicated_usage.breakdown.0.billable_resource.name',
      'dedicated_usage.breakdown.0.billable_resource.model_name',
      'dedicated_usage.breakdown.0.billable_resource.instance_type',
      'dedicated_usage.breakdown.0.billable_resource.team_name',
      'dedicated_usage.breakdown.1.billable_resource.chain_metadata.chain_name',
      'model_apis_usage.breakdown.0.model_name',
      'model_apis_usage.breakdown.0.model_family',
    ],
  },
  {
    provider: 'venice',
    case: 'documented-example',
    at: 0,
    money: ['data.0.amount', 'data.1.amount'],
    counts: ['data.0.units', 'data.1.units', 'data.1.pricePerUnitUsd'],
    texts: ['data.1.inferenceDetails', 'data.1.inferenceDetails.requestId', 'data.1.notes'],
  },
  {
    provider: 'venice',
    case: 'balance-documented-example',
    at: 0,
    money: [],
    otherMoney: ['balances.diem', 'balances.usd'],
    texts: ['consumptionCurrency'],
  },
  {
    provider: 'inference_sh',
    case: 'documented-breakdown',
    at: 0,
    isWhole: true,
    money: ['total_cost'],
    rows: ['timeseries.0.per_app.infsh/echo', 'timeseries.0.per_app.myteam/flux-dev'],
    counts: ['trend_percent'],
  },
  {
    provider: 'inference_sh',
    case: 'documented-summary',
    at: 0,
    money: [],
    counts: ['total_usage', 'tier_usage', 'type_usage', 'model_usage'],
  },
  {
    provider: 'inference_sh',
    case: 'documented-balance',
    at: 0,
    isWhole: true,
    money: ['balance'],
  },
  {
    provider: 'northflank',
    case: 'legacy-single-team',
    at: 1,
    money: [
      'data.paasUsage.price.total',
      'data.paasUsage.teams.0.price.total',
      'data.paasUsage.teams.0.projects.0.price.total',
      'data.paasUsage.teams.0.projects.0.resourceTypes.0.resources.0.price.total',
      'data.byocUsage.price.total',
    ],
    otherMoney: [
      'data.paasUsage.teams.0.projects.0.resourceTypes.0.resources.0.price.cpu',
      'data.byocUsage.price.gpuMemory',
    ],
    counts: ['data.timestamp'],
    texts: [
      'data.paasUsage.teams.0.name',
      'data.paasUsage.teams.0.projects.0.name',
      'data.paasUsage.teams.0.projects.0.resourceTypes.0.resourceType',
      'data.paasUsage.teams.0.projects.0.resourceTypes.0.resources.0.name',
    ],
  },
  {
    provider: 'northflank',
    case: 'current-contract',
    at: 0,
    money: [
      'data.paas.price.total',
      'data.paas.teams.0.price.total',
      'data.byoc.price.total',
      'data.egressIp.price.total',
      'data.loadBalancer.price.total',
    ],
    otherMoney: ['data.total'],
    counts: ['data.timestamp'],
    texts: ['data.paas.teams.0.name', 'pagination'],
  },
  {
    provider: 'openai',
    case: 'documented-costs',
    at: 0,
    money: ['data.0.results.0.amount.value'],
    texts: ['data.0.results.0.line_item', 'data.0.results.0.project_id'],
  },
  {
    provider: 'openai',
    case: 'documented-usage',
    at: 0,
    money: [],
    counts: ['input_tokens', 'input_cached_tokens', 'output_tokens', 'num_model_requests'].map(
      (field) => `data.0.results.0.${field}`,
    ),
    texts: ['data.0.results.0.model', 'data.0.results.0.project_id'],
  },
  {
    provider: 'anthropic',
    case: 'documented-costs',
    at: 0,
    money: ['data.0.results.0.amount'],
    texts: ['workspace_id', 'model', 'service_tier', 'cost_type'].map((field) => `data.0.results.0.${field}`),
  },
  {
    provider: 'anthropic',
    case: 'documented-usage',
    at: 0,
    money: [],
    counts: [
      'uncached_input_tokens',
      'cache_read_input_tokens',
      'cache_creation.ephemeral_1h_input_tokens',
      'output_tokens',
    ].map((field) => `data.0.results.0.${field}`),
    texts: ['workspace_id', 'model', 'service_tier'].map((field) => `data.0.results.0.${field}`),
  },
];

/** Documented, but not read. */
const UNREAD = new Set(['data.1.notes', 'tier_usage', 'type_usage', 'model_usage']);

for (const answered of ANSWERS) {
  const { money, rows = [], otherMoney = [], counts = [], texts = [], isWhole = false } = answered;
  describe(`${answered.provider}, ${answered.case}`, () => {
    for (const path of [...money, ...rows, ...otherMoney]) {
      it(`answers: a malformed amount at ${path} is rejected and adds no amount`, async () => {
        for (const value of isWhole ? [...NO_MONEY, 1.5, '1.5', 1e-7] : NO_MONEY) {
          const { error } = await pollWith(answered, path, value);
          assert.equal(error?.reason, 'contract', `${path} ${JSON.stringify(value)}`);
        }
      });
    }

    for (const path of money) {
      it(`answers: a missing amount at ${path} is rejected`, async () => {
        const { error } = await pollWith(answered, path, GONE);
        assert.equal(error?.reason, 'contract');
      });
    }

    const others = [
      ...otherMoney.map((path) => ({ path, values: [GONE, null] })),
      ...counts.map((path) => ({ path, values: [GONE, ...NO_COUNT] })),
      ...texts.map((path) => ({ path, values: [GONE, null, ...NO_TEXT] })),
    ];
    for (const { path, values } of others) {
      it(`answers: a missing or malformed ${path} loses no amount`, async () => {
        const whole = await pollWith(answered, path, undefined);
        assert.equal(whole.error, undefined);
        for (const value of values) {
          const { error, cost } = await pollWith(answered, path, value);
          assert.equal(error?.message, undefined, String(value));
          assert.deepEqual(cost, whole.cost, String(value));
        }
      });
    }

    for (const path of [...counts, ...texts].filter((each) => !UNREAD.has(each))) {
      it(`answers: a malformed ${path} counts as contract drift`, async () => {
        const { drift } = await pollWith(answered, path, { a: 1, id: [], requestId: [], hasNextPage: 'x' });
        assert.ok(drift.includes('undocumented_field'), `${path}: ${drift}`);
      });
    }
  });
}

interface Outcome {
  readonly error: PollError | undefined;
  /** Of each currency, all costs together. */
  readonly cost: Readonly<Record<string, string>>;
  readonly drift: readonly string[];
}

/** Polls a case with one value of one answer replaced; `undefined` leaves it as it is. */
async function pollWith(
  { provider: id, case: name, at }: Answered,
  path: string,
  value: unknown,
): Promise<Outcome> {
  const found = CASES.find((one) => one.provider === id && one.name === name);
  assert.ok(found);
  const [provider, situation] = [await providerOf(id), situationOf(found)];
  const feed = provider.feeds.find((each) => each.name === situation.feed);
  assert.ok(feed);
  const exchange = exchangeOf(found).map((recording, index) =>
    index === at && value !== undefined ? altered(recording, path.split('.'), value) : recording,
  );
  try {
    const readings = await pollOnce(feed, contextOf(situation, provider), fakeAsk(exchange));
    const lines = readings.flatMap(({ reading }) => reading.statement?.charges ?? []);
    const sums = Map.groupBy(
      lines.filter(({ measure }) => measure === 'cost'),
      ({ detail }) => detail,
    );
    const cost = [...sums].map(
      ([detail, all]) => [detail, all.reduce((sum, line) => sum + line.value, 0n)] as const,
    );
    return {
      error: undefined,
      cost: Object.fromEntries(cost.map(([detail, sum]) => [detail, formatDecimal(sum)])),
      drift: readings.flatMap(({ reading }) => reading.drift.map(({ kind }) => kind)),
    };
  } catch (error) {
    if (error instanceof PollError) return { error, cost: {}, drift: [] };
    if (error instanceof RangeError)
      return { error: new PollError('contract', error.message), cost: {}, drift: [] };
    throw error;
  }
}

function altered(
  { request, answer }: Exchange[number],
  path: readonly string[],
  value: unknown,
): Exchange[number] {
  const body = structuredClone(answer.body);
  let place: unknown = body;
  for (const step of path.slice(0, -1)) place = Reflect.get(Object(place), step);
  const last = path.at(-1) ?? '';
  assert.ok(Object.hasOwn(Object(place), last), `the case has ${path.join('.')}`);
  if (value === GONE) Reflect.deleteProperty(Object(place), last);
  else Reflect.set(Object(place), last, value);
  const { body: _, ...head } = answer;
  return { request, answer: { ...head, bodyText: JSON.stringify(body).replaceAll(`"${HUGE}"`, '1e400') } };
}
