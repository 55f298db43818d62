import { type Fixed, formatDecimal } from '../../../src/core/values/money.ts';
import { DAY, type Instant, isoDay } from '../../../src/core/values/time.ts';
import { roll } from '../kit/random.ts';
import type { SimulatedContract } from '../kit/world.ts';
import { teamOf } from './catalogue.ts';
import type {
  BasetenRow,
  DedicatedRow,
  ModelApiRow,
  RowCategory,
  SimulatedResource,
  TrainingRow,
} from './rows.ts';

/** How a category without usage is shown, or one that stays silent about the usage it has. */
export type Silence = 'null' | 'absent';
/** How far the answer breaks its money down. */
export type Depth = 'daily' | 'items' | 'totals';

export interface Style {
  readonly seed: number;
  readonly contract: SimulatedContract;
  readonly depth: Depth;
  /** Categories that are empty regardless of their rows. */
  readonly silent: ReadonlyMap<RowCategory, Silence>;
}

const MEMBERS = {
  dedicated: 'dedicated_usage',
  training: 'training_usage',
  model_api: 'model_apis_usage',
} as const;

/** A `UsageSummaryV1`. `strays` are days outside of the range that nevertheless appear in `daily`. */
export function summaryOf(rows: readonly BasetenRow[], strays: readonly BasetenRow[], style: Style): object {
  const dedicated = rows.filter((row) => row.category === 'dedicated');
  const training = rows.filter((row) => row.category === 'training');
  const models = rows.filter((row) => row.category === 'model_api');
  const day = rows[0]?.at ?? 0;
  return {
    ...category('dedicated', dedicated, day, style, () => ({
      minutes: sum(dedicated, 'minutes'),
      breakdown: groups(dedicated, instanceOf).map((days) => dedicatedItem(days, strays, style)),
    })),
    ...category('training', training, day, style, () => ({
      minutes: sum(training, 'minutes'),
      breakdown: groups(training, instanceOf).map((days) => trainingItem(days, strays, style)),
    })),
    ...category('model_api', models, day, style, () => ({
      breakdown: groups(models, (row) => row.model_name).map((days) => modelItem(days, strays, style)),
    })),
  };
}

function category(
  name: RowCategory,
  rows: readonly BasetenRow[],
  day: Instant,
  style: Style,
  rest: () => { minutes?: number; breakdown: object[] },
): object {
  const silence = style.silent.get(name) ?? (rows.length === 0 ? quiet(name, day, style) : undefined);
  if (silence) return silence === 'null' ? { [MEMBERS[name]]: null } : {};
  const gross = rows.reduce((total, row) => total + row.subtotal, 0n);
  const credits = rows.reduce((total, row) => total + (row.credits ?? 0n), 0n);
  const { breakdown, ...counts } = rest();
  return {
    [MEMBERS[name]]: {
      subtotal: dollars(gross - credits, 1),
      credits_used: dollars(credits, 0),
      total: dollars(gross, 1),
      ...counts,
      ...(style.depth !== 'totals' && { breakdown }),
    },
  };
}

/** Both forms of an empty category are documented, and both occur. */
function quiet(name: RowCategory, day: Instant, { seed }: Style): Silence {
  return roll(seed, 9, name.length, Math.floor(day / DAY)) < 0.5 ? 'null' : 'absent';
}

function dedicatedItem(days: readonly DedicatedRow[], strays: readonly BasetenRow[], style: Style): object {
  const dayOf = (row: DedicatedRow) => ({
    date: isoDay(row.at),
    subtotal: dollars(row.subtotal, row.minutes),
    ...parts(row, style),
    minutes: row.minutes,
    inference_requests: row.inference_requests,
  });
  const others = strays.filter((row) => row.category === 'dedicated').filter((row) => sameAs(days[0], row));
  return {
    billable_resource: billable(days.at(-1)?.resource, style),
    ...money(days, style),
    minutes: sum(days, 'minutes'),
    inference_requests: sum(days, 'inference_requests'),
    ...daily([...others, ...days], style, dayOf),
  };
}

function trainingItem(days: readonly TrainingRow[], strays: readonly BasetenRow[], style: Style): object {
  const dayOf = (row: TrainingRow) => ({
    date: isoDay(row.at),
    subtotal: dollars(row.subtotal, row.minutes),
    minutes: row.minutes,
  });
  const others = strays.filter((row) => row.category === 'training').filter((row) => sameAs(days[0], row));
  return {
    billable_resource: billable(days.at(-1)?.resource, style),
    subtotal: money(days, style).subtotal,
    minutes: sum(days, 'minutes'),
    ...daily([...others, ...days], style, dayOf),
  };
}

function modelItem(rows: readonly ModelApiRow[], strays: readonly BasetenRow[], style: Style): object {
  const days = groups(rows, ({ at }) => isoDay(at)).map(oneOf);
  const dayOf = (row: ModelApiRow) => ({
    date: isoDay(row.at),
    subtotal: dollars(row.subtotal, row.output_tokens),
    input_tokens: row.input_tokens,
    output_tokens: row.output_tokens,
    cached_input_tokens: row.cached_input_tokens,
  });
  const name = days[0]?.model_name;
  const others = groups(
    strays.filter((row) => row.category === 'model_api').filter((row) => row.model_name === name),
    ({ at }) => isoDay(at),
  ).map(oneOf);
  return {
    model_name: name,
    model_family: days[0]?.model_family ?? null,
    subtotal: money(days, style).subtotal,
    input_tokens: sum(days, 'input_tokens'),
    output_tokens: sum(days, 'output_tokens'),
    cached_input_tokens: sum(days, 'cached_input_tokens'),
    ...daily([...others, ...days], style, dayOf),
  };
}

/** A day of a model, whichever keys used it. */
function oneOf(rows: readonly ModelApiRow[]): ModelApiRow {
  const [first, ...others] = rows;
  if (!first) throw new RangeError('a day has at least one row');
  return {
    ...first,
    subtotal: others.reduce((total, row) => total + row.subtotal, first.subtotal),
    input_tokens: sum(rows, 'input_tokens'),
    output_tokens: sum(rows, 'output_tokens'),
    cached_input_tokens: sum(rows, 'cached_input_tokens'),
  };
}

function daily<Row extends BasetenRow>(
  rows: readonly Row[],
  { depth }: Style,
  dayOf: (row: Row) => object,
): object {
  return depth === 'daily' ? { daily: [...rows].sort((a, b) => a.at - b.at).map(dayOf) } : {};
}

function money(rows: readonly BasetenRow[], style: Style): { subtotal: unknown } {
  const subtotal = rows.reduce((total, row) => total + row.subtotal, 0n);
  const dedicated = rows.filter((row) => row.category === 'dedicated');
  const surcharge = dedicated.reduce((total, row) => total + (row.surcharge ?? 0n), 0n);
  const split = dedicated.length > 0 ? parts({ subtotal, surcharge }, style) : {};
  return { subtotal: dollars(subtotal, rows.length), ...split };
}

/** What the descriptions from August 2026 on add to dedicated usage. */
function parts(
  { subtotal, surcharge = 0n }: Pick<DedicatedRow, 'subtotal' | 'surcharge'>,
  { contract }: Style,
): object {
  if (contract === 'seed') return {};
  return { compute_cost: dollars(subtotal - surcharge, 0), surcharge_cost: dollars(surcharge, 1) };
}

function billable(resource: SimulatedResource | undefined, { contract }: Style): object {
  const team = teamOf(resource ?? {});
  return {
    id: resource?.id,
    kind: resource?.kind,
    name: resource?.name ?? null,
    model_name: resource?.model_name ?? null,
    is_deleted: resource?.is_deleted ?? false,
    instance_type: resource?.instance_type ?? null,
    environment_name: resource?.environment_name ?? null,
    chain_metadata: resource?.chain ?? null,
    ...(contract === 'current' && { team_id: team.id, team_name: team.name }),
  };
}

function instanceOf(row: DedicatedRow | TrainingRow): string {
  return JSON.stringify([row.resource.id, row.resource.instance_type]);
}

function sameAs(one: DedicatedRow | TrainingRow | undefined, other: DedicatedRow | TrainingRow): boolean {
  return one !== undefined && instanceOf(one) === instanceOf(other);
}

function groups<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[][] {
  return [...Map.groupBy(rows, keyOf).values()];
}

function sum<Key extends string>(rows: readonly { readonly [K in Key]: number }[], key: Key): number {
  return rows.reduce((total, row) => total + row[key], 0);
}

/** A number or decimal text: both occur in one body, and only text goes beyond what a double holds. */
function dollars(value: Fixed, salt: number): Fixed | string {
  const text = formatDecimal(value);
  if (text.replace(/[-.]/g, '').length > 15) return text;
  if (salt % 2 === 0) return value;
  return text.includes('.') ? text : `${text}.00`;
}
