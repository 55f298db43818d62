import { fromInteger } from '../../../src/core/values/money.ts';
import { HOUR, type Instant, MINUTE, type Range, startOfDay } from '../../../src/core/values/time.ts';
import { shows } from '../kit/books.ts';
import { between, roll } from '../kit/random.ts';
import { bornAt, isWatched, loadFactor, type World } from '../kit/world.ts';
import type { OpenRouterRow } from './rows.ts';

interface SimulatedEndpoint {
  readonly model: string;
  readonly provider: string;
  /** Billionths of a dollar for a token of the prompt and of the completion. */
  readonly nanos: readonly [prompt: number, completion: number];
  /** With a key of the user's own: OpenRouter takes a twentieth of what the provider bills. */
  readonly byok?: true;
}

/** Four from the beginning, two more each twelve days, then one every few minutes. */
const ENDPOINTS: readonly SimulatedEndpoint[] = [
  { model: 'openai/gpt-5.6', provider: 'OpenAI', nanos: [1250, 10_000] },
  { model: 'anthropic/claude-opus-5', provider: 'Amazon Bedrock', nanos: [5000, 25_000] },
  { model: 'anthropic/claude-opus-5', provider: 'Anthropic', nanos: [5000, 25_000], byok: true },
  { model: 'z-ai/glm-5.1', provider: 'DeepInfra', nanos: [400, 1750] },
  { model: 'deepseek/deepseek-v4', provider: 'DeepSeek', nanos: [280, 420] },
  { model: 'qwen/qwen4-max', provider: 'Alibaba', nanos: [1200, 6000] },
  { model: 'mistralai/mistral-large-4', provider: 'Mistral', nanos: [500, 1500] },
];
const SLOT_MS = 5 * MINUTE;
const SLOTS = HOUR / SLOT_MS;

/** The books of a range as they show at `now`: some rows appear hours late, on the next day, and a few are taken back. */
export function openRouterHistory(world: World): (range: Range, now: Instant) => OpenRouterRow[] {
  const hours = new Map<Instant, readonly OpenRouterRow[]>();
  const rowsOfHour = (hour: Instant) => {
    const known = hours.get(hour) ?? hourOf(world, hour);
    hours.set(hour, known);
    return known;
  };
  return (range, now) => {
    const rows: OpenRouterRow[] = [];
    const until = Math.min(range.end, now + 1);
    for (let hour = Math.max(startOfDay(range.start), world.genesis); hour < until; hour += HOUR) {
      for (const row of rowsOfHour(hour))
        if (row.at >= range.start && row.at < until && shows(row, now)) rows.push(row);
    }
    return rows;
  };
}

function hourOf(world: World, hour: Instant): OpenRouterRow[] {
  return ENDPOINTS.flatMap((endpoint, index) =>
    Array.from({ length: SLOTS }, (_, slot) => hour + slot * SLOT_MS)
      .filter((at) => bornAt(world, index, 4, 2) <= at)
      .flatMap((at) => useOf(world, endpoint, at, index)),
  );
}

function useOf(world: World, endpoint: SimulatedEndpoint, slot: Instant, index: number): OpenRouterRow[] {
  const dice = (salt: number) => roll(world.seed, salt, slot / SLOT_MS, index);
  const live = isWatched(world, slot);
  if (dice(120) > (live ? 0.8 : 0.12 * loadFactor(slot))) return [];
  const at = slot + Math.floor(dice(121) * (live ? MINUTE : SLOT_MS));
  const recordedAt = at + Math.floor(dice(122) * (dice(123) < 0.05 ? 9 * HOUR : 20_000));
  const [prompt, completion] = [between(1, 300_000, dice(124)), between(1, 40_000, dice(125))];
  const [ofPrompt, ofCompletion] = endpoint.nanos;
  const billed = fromInteger(BigInt(prompt * ofPrompt + completion * ofCompletion), -9);
  const isTakenBack = dice(126) < 0.1;
  return [
    {
      at,
      recordedAt,
      ...(isTakenBack && { refundedAt: recordedAt + MINUTE + Math.floor(dice(127) * 10 * MINUTE) }),
      model: endpoint.model,
      provider: endpoint.provider,
      ...(endpoint.byok ? { usd: billed / 20n, byokUsd: billed } : { usd: billed }),
      requests: between(1, 30, dice(128)),
      prompt,
      completion,
      reasoning: Math.floor(completion * dice(129)),
    },
  ];
}
