import { formatDecimal, fromInteger } from '../../../src/core/values/money.ts';
import { HOUR, type Instant, MINUTE, type Range, startOfDay } from '../../../src/core/values/time.ts';
import { shows } from '../kit/books.ts';
import { between, roll } from '../kit/random.ts';
import { bornAt, isWatched, loadFactor, type World } from '../kit/world.ts';
import type { AnthropicCost, AnthropicRow } from './rows.ts';

interface SimulatedUse {
  readonly workspace: string | null;
  readonly model: string;
  readonly tier: string;
  /** Millionths of a cent for a token of input; output costs five times as much, a read from the cache a tenth. */
  readonly micros: number;
}

const WEB = 'wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ';
const BATCH = 'wrkspc_02batch';
export const WORKSPACE_NAMES = { [WEB]: 'Web', [BATCH]: 'Batch' };

/** Three from the beginning, one more each twelve days, then one every few minutes. */
const USES: readonly SimulatedUse[] = [
  { workspace: WEB, model: 'claude-opus-5-20260801', tier: 'standard', micros: 500 },
  { workspace: null, model: 'claude-haiku-5-20260601', tier: 'standard', micros: 100 },
  { workspace: WEB, model: 'claude-haiku-5-20260601', tier: 'batch', micros: 50 },
  { workspace: BATCH, model: 'claude-sonnet-5-20260701', tier: 'batch', micros: 150 },
  { workspace: null, model: 'claude-sonnet-5-20260701', tier: 'standard', micros: 300 },
  { workspace: WEB, model: 'claude-opus-5-1-20261101', tier: 'standard', micros: 500 },
];
/** The type of token, and how many tenths of the price of input one costs. */
const PRICES = [
  ['uncached_input_tokens', 10],
  ['cache_read_input_tokens', 1],
  ['cache_creation.ephemeral_5m_input_tokens', 12.5],
  ['cache_creation.ephemeral_1h_input_tokens', 20],
  ['output_tokens', 50],
] as const;
const SLOT_MS = 5 * MINUTE;

/** The books of a range as they show at `now`: use is recorded within minutes, now and then hours late, and rarely taken back. */
export function anthropicHistory(world: World): (range: Range, now: Instant) => AnthropicRow[] {
  const hours = new Map<Instant, readonly AnthropicRow[]>();
  const rowsOfHour = (hour: Instant) => {
    const known = hours.get(hour) ?? hourOf(world, hour);
    hours.set(hour, known);
    return known;
  };
  return (range, now) => {
    const rows: AnthropicRow[] = [];
    const until = Math.min(range.end, now + 1);
    for (let hour = Math.max(startOfDay(range.start), world.genesis); hour < until; hour += HOUR) {
      for (const row of rowsOfHour(hour))
        if (row.at >= range.start && row.at < until && shows(row, now)) rows.push(row);
    }
    return rows;
  };
}

function hourOf(world: World, hour: Instant): AnthropicRow[] {
  const slots = Array.from({ length: HOUR / SLOT_MS }, (_, nth) => hour + nth * SLOT_MS);
  return USES.flatMap((use, index) =>
    slots.filter((at) => bornAt(world, index, 3, 2) <= at).flatMap((at) => rowsOf(world, use, at, index)),
  );
}

function rowsOf(world: World, one: SimulatedUse, slot: Instant, index: number): AnthropicRow[] {
  const dice = (salt: number) => roll(world.seed, salt, slot / SLOT_MS, index);
  const live = isWatched(world, slot);
  if (dice(110) > (live ? 0.8 : 0.15 * loadFactor(slot))) return [];
  const at = slot + Math.floor(dice(111) * (live ? MINUTE : SLOT_MS));
  const booked = { at, recordedAt: at + Math.floor(dice(112) * (dice(113) < 0.05 ? 9 * HOUR : 20_000)) };
  const counts = PRICES.map((_, nth) => between(0, nth === 2 || nth === 3 ? 2000 : 20_000, dice(114 + nth)));
  const [uncached = 0, cacheRead = 0, written5m = 0, written1h = 0, output = 0] = counts;
  const { workspace, model, tier, micros } = one;
  const refund = dice(120) < 0.15 ? { refundedAt: at + MINUTE + Math.floor(dice(121) * 10 * MINUTE) } : {};
  const costs = PRICES.map(([tokenType, tenths], nth): AnthropicCost => {
    const cents = formatDecimal(fromInteger(BigInt((counts[nth] ?? 0) * tenths * 10 * micros), -8));
    const what = {
      workspace,
      model,
      tier,
      tokenType,
      costType: 'tokens',
      description: `${model} - ${tokenType}`,
    };
    return { ...booked, ...refund, kind: 'cost', ...what, cents };
  });
  const use = { ...booked, workspace, model, tier, uncached, cacheRead, written5m, written1h, output };
  return [{ kind: 'use', ...use }, ...costs, ...searchesOf(dice(122), { ...booked, workspace })];
}

/** Web searches, a cent each, belong to no model and no service tier. */
function searchesOf(
  die: number,
  booked: Pick<AnthropicCost, 'at' | 'recordedAt' | 'workspace'>,
): AnthropicCost[] {
  if (die > 0.2) return [];
  const what = { costType: 'web_search', model: null, tier: null, tokenType: null };
  return [
    {
      kind: 'cost',
      ...booked,
      ...what,
      description: 'Web Search Usage',
      cents: `${1 + Math.floor(die * 100)}`,
    },
  ];
}
