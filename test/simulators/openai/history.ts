import { fromInteger } from '../../../src/core/values/money.ts';
import { DAY, HOUR, type Instant, MINUTE, type Range, startOfDay } from '../../../src/core/values/time.ts';
import { shows } from '../kit/books.ts';
import { between, roll } from '../kit/random.ts';
import { bornAt, isWatched, loadFactor, type World } from '../kit/world.ts';
import type { OpenAiRow, OpenAiUsageKind } from './rows.ts';

interface SimulatedModel {
  readonly model: string;
  readonly kind: OpenAiUsageKind;
  readonly project: string | null;
  /** Billionths of a dollar for a token of input, of cached input and of output, or for a second, character or image. */
  readonly nanos: readonly [input: number, cached: number, output: number];
}

const WEB = 'proj_web0000000000000000000';
const BATCH = 'proj_batch00000000000000000';
export const PROJECT_NAMES = { [WEB]: 'Web', [BATCH]: 'Batch', proj_idle000000000000000000: 'Idle' };

/** Five from the beginning, one more each twelve days, then one every few minutes. */
const MODELS: readonly SimulatedModel[] = [
  { model: 'gpt-5.6-2026-08-07', kind: 'completions', project: WEB, nanos: [1250, 125, 10_000] },
  { model: 'gpt-5.6-mini-2026-08-07', kind: 'completions', project: BATCH, nanos: [250, 25, 2000] },
  { model: 'text-embedding-3-small', kind: 'embeddings', project: BATCH, nanos: [20, 0, 0] },
  { model: 'omni-moderation-latest', kind: 'moderations', project: WEB, nanos: [0, 0, 0] },
  { model: 'whisper-1', kind: 'audio_transcriptions', project: null, nanos: [100_000, 0, 0] },
  { model: 'gpt-image-1', kind: 'images', project: WEB, nanos: [4_000_000, 0, 0] },
  { model: 'tts-1', kind: 'audio_speeches', project: WEB, nanos: [15_000, 0, 0] },
  { model: 'o5-2026-10-16', kind: 'completions', project: WEB, nanos: [2000, 500, 8000] },
  { model: 'gpt-5.6-nano-2026-11-01', kind: 'completions', project: BATCH, nanos: [50, 5, 400] },
];
/** What the line item says behind the last comma. */
const USES = ['input', 'cached input', 'output'] as const;
const SLOT_MS = 5 * MINUTE;
const SLOTS = HOUR / SLOT_MS;

/** The books of a range as they show at `now`: each model is used in some of the hour's twelfths, and recorded minutes later. */
export function openAiHistory(world: World): (range: Range, now: Instant) => OpenAiRow[] {
  const hours = new Map<Instant, readonly OpenAiRow[]>();
  const rowsOfHour = (hour: Instant) => {
    const known = hours.get(hour) ?? hourOf(world, hour);
    hours.set(hour, known);
    return known;
  };
  return (range, now) => {
    const rows: OpenAiRow[] = [];
    const until = Math.min(range.end, now + 1);
    for (let hour = Math.max(startOfDay(range.start), world.genesis); hour < until; hour += HOUR) {
      for (const row of rowsOfHour(hour))
        if (row.at >= range.start && row.at < until && shows(row, now)) rows.push(row);
    }
    return rows;
  };
}

function hourOf(world: World, hour: Instant): OpenAiRow[] {
  const used = MODELS.flatMap((model, index) =>
    Array.from({ length: SLOTS }, (_, slot) => hour + slot * SLOT_MS)
      .filter((at) => bornAt(world, index, 5, 2) <= at)
      .flatMap((at) => useOf(world, model, at, index)),
  );
  return hour === startOfDay(hour) ? [creditOf(world, hour), ...used] : used;
}

/** A credit for the day, which is granted while the next one is under way. */
function creditOf({ seed }: World, day: Instant): OpenAiRow {
  const usd = fromInteger(-BigInt(between(1, 900_000, roll(seed, 90, day / DAY))), -6);
  const recordedAt = day + DAY + Math.floor(roll(seed, 91, day / DAY) * DAY);
  return { kind: 'cost', at: day, recordedAt, project: null, lineItem: null, usd };
}

function useOf(world: World, one: SimulatedModel, slot: Instant, index: number): OpenAiRow[] {
  const dice = (salt: number) => roll(world.seed, salt, slot / SLOT_MS, index);
  const live = isWatched(world, slot);
  if (dice(92) > (live ? 0.8 : 0.12 * loadFactor(slot))) return [];
  const at = slot + Math.floor(dice(93) * (live ? MINUTE : SLOT_MS));
  const recorded = { at, recordedAt: at + Math.floor(dice(94) * (dice(95) < 0.05 ? 5 * HOUR : 20_000)) };
  const isText = one.kind === 'completions';
  const input = between(1, isText ? 400_000 : 90, dice(96));
  const cached = isText ? Math.floor(input * dice(97) * 0.6) : 0;
  const written = isText ? Math.floor(input * dice(98) * 0.2) : 0;
  const output = isText ? between(1, 30_000, dice(99)) : 0;
  const { kind, project, model, nanos } = one;
  const requests = between(1, 40, dice(100));
  const use: OpenAiRow = {
    ...recorded,
    ...{ kind, project, model, requests, input },
    ...(isText && { cached, written, output }),
  };
  // Some of what is billed is taken back.
  const refund = dice(101) < 0.15 ? { refundedAt: at + MINUTE + Math.floor(dice(102) * 10 * MINUTE) } : {};
  const costs = [input - cached, cached, output].flatMap((count, nth): OpenAiRow[] => {
    const usd = fromInteger(BigInt(count) * BigInt(nanos[nth] ?? 0), -9);
    const lineItem = `${model}, ${USES[nth] ?? ''}`;
    return usd === 0n ? [] : [{ ...recorded, ...refund, kind: 'cost', project, lineItem, usd }];
  });
  return [use, ...costs];
}
