import { type Fixed, ONE } from '../../../src/core/values/money.ts';
import {
  DAY,
  HOUR,
  type Instant,
  MINUTE,
  type Range,
  SECOND,
  startOfDay,
} from '../../../src/core/values/time.ts';
import { MICRO, truncateTo } from '../kit/json.ts';
import { roll } from '../kit/random.ts';
import { bornAt, spentBy, type World } from '../kit/world.ts';
import { priceOf } from './catalogue.ts';
import type { BasetenRow, DedicatedRow, ModelApiRow, SimulatedResource, TrainingRow } from './rows.ts';

/** The meter updates this often; the real one every hour. */
const METER_MS = 5 * SECOND;

/** The bill of the days that the range touches, as the provider knows it at `now`. */
export function basetenHistory(world: World): (range: Range, now: Instant) => BasetenRow[] {
  return (range, now) => {
    const rows: BasetenRow[] = [];
    const first = Math.max(startOfDay(range.start), world.genesis);
    for (let day = first; day < Math.min(range.end, now); day += DAY) {
      rows.push(...DEPLOYMENTS.flatMap((item, index) => dedicated(world, item, index, day, now)));
      rows.push(...training(world, day, now));
      rows.push(...MODELS.flatMap((item, index) => modelApi(world, item, index, day, now)));
    }
    return rows.filter((row) => row.at >= range.start);
  };
}

interface SpendShape {
  readonly subtotal: Fixed;
  /** Whole minutes of a price, and what they come to. */
  metered(price: Fixed): { readonly minutes: number; readonly subtotal: Fixed };
  /** Part of the day's own total, as a ratio of two integers: counts follow the money. */
  part(whole: number): number;
}

/** What an item has spent on a day: grows through it, is over-estimated now and then, and settles six hours after its end. */
function spend(world: World, item: number, dailyUsd: number, day: Instant, now: Instant): SpendShape {
  const dice = Math.floor(day / DAY);
  const whole = truncateTo(
    MICRO,
    (ONE * BigInt(dailyUsd) * BigInt(800_000 + Math.floor(400_000 * roll(world.seed, 1, item, dice)))) /
      1_000_000n,
  );
  const elapsed = Math.floor((now - day) / METER_MS) * METER_MS;
  const steady = truncateTo(MICRO, spentBy(whole, elapsed));
  const estimate = (exact: Fixed) =>
    exact + truncateTo(MICRO, (exact * surplus(world, item, day, now)) / 10_000n);
  return {
    subtotal: estimate(steady),
    metered: (price) => ({ minutes: Number(steady / price), subtotal: estimate((steady / price) * price) }),
    part: (count) => Number(spentBy(BigInt(count), elapsed)),
  };
}

/** Ten-thousandths by which the meter is too high: an estimate that the next minute corrects. */
function surplus(world: World, item: number, day: Instant, now: Instant): bigint {
  if (now >= day + DAY + 6 * HOUR) return 0n;
  if (now >= day + DAY) return 15n;
  return roll(world.seed, 2, item, Math.floor(now / MINUTE)) < 0.3 ? 40n : 15n;
}

interface Deployment {
  readonly resource: SimulatedResource & { readonly instance_type: string };
  readonly dailyUsd: number;
  readonly dailyRequests: number;
  readonly newer?: true;
}

const RAG = { chain_id: 'chain-rag', chain_name: 'rag', chain_deployment_id: 'chain-dep-7' };

const DEPLOYMENTS: readonly Deployment[] = [
  {
    resource: deployment('dep-llama', 'llama-3-3-70b', '2x H100', 'production'),
    dailyUsd: 171,
    dailyRequests: 48_211,
  },
  // A second instance type of the same deployment has its own row.
  {
    resource: deployment('dep-llama', 'llama-3-3-70b', '1x H100', 'production'),
    dailyUsd: 39,
    dailyRequests: 9_480,
  },
  {
    resource: { ...deployment('dep-whisper', 'whisper-v3-turbo', '1x L4', 'staging'), team: 'Speech' },
    dailyUsd: 17,
    dailyRequests: 5_020,
  },
  {
    resource: {
      ...deployment('chn-retriever', 'rag', '1x A10G', 'production'),
      kind: 'CHAINLET',
      name: 'Retriever',
      team: 'Search',
      chain: RAG,
    },
    dailyUsd: 24,
    dailyRequests: 12_344,
  },
  {
    resource: { ...deployment('dep-old', 'mistral-7b', '1x A10G'), is_deleted: true },
    dailyUsd: 6,
    dailyRequests: 310,
  },
  {
    resource: { ...deployment('loop-sampler', 'qwen3-32b', '1x H100'), kind: 'LOOPS_SAMPLER' },
    dailyUsd: 11,
    dailyRequests: 0,
    newer: true,
  },
];

function deployment(
  id: string,
  model_name: string,
  instance_type: string,
  environment_name?: string,
): Deployment['resource'] {
  const name = `${model_name}${environment_name ? ` ${environment_name}` : ''}`;
  return {
    id,
    kind: 'MODEL_DEPLOYMENT',
    name,
    model_name,
    instance_type,
    ...(environment_name && { environment_name }),
  };
}

function dedicated(world: World, item: Deployment, index: number, at: Instant, now: Instant): DedicatedRow[] {
  if (item.newer && world.contract === 'seed') return [];
  const { metered, part } = spend(world, index, item.dailyUsd, at, now);
  const { minutes, subtotal } = metered(priceOf(item.resource.instance_type));
  if (minutes === 0) return [];
  return [
    {
      category: 'dedicated',
      at,
      resource: item.resource,
      subtotal,
      credits: truncateTo(MICRO, subtotal / 20n),
      // Chains cost a little more than what they compute.
      ...(item.resource.chain && { surcharge: truncateTo(MICRO, subtotal / 25n) }),
      minutes,
      inference_requests: part(item.dailyRequests),
    },
  ];
}

const JOB_INSTANCE = '8x H100';

/** A job now and then: on other days the category is empty. */
function training(world: World, at: Instant, now: Instant): TrainingRow[] {
  const number = Math.floor(at / DAY / 4);
  if (roll(world.seed, 3, number) < 0.5) return [];
  const { minutes, subtotal } = spend(world, 1000 + number, 62, at, now).metered(priceOf(JOB_INSTANCE));
  if (minutes === 0) return [];
  const resource: SimulatedResource = {
    id: `job-${number}`,
    kind: 'TRAINING_JOB',
    name: `finetune-${number}`,
    model_name: 'support-bot',
    instance_type: JOB_INSTANCE,
  };
  return [{ category: 'training', at, resource, subtotal, minutes }];
}

/** Two from the beginning, one more each twelve days, then one every few minutes. */
const MODELS = [
  { model_name: 'deepseek-v3', model_family: 'deepseek', dailyUsd: 28 },
  { model_name: 'zai-org/GLM-5.2', model_family: 'glm', dailyUsd: 19 },
  { model_name: 'kimi-k2', model_family: 'kimi', dailyUsd: 9 },
  { model_name: 'gpt-oss-120b', dailyUsd: 5 },
  { model_name: 'qwen3-coder', model_family: 'qwen', dailyUsd: 4 },
  { model_name: 'llama-5-maverick', model_family: 'llama', dailyUsd: 3 },
] as const;

function modelApi(
  world: World,
  item: (typeof MODELS)[number],
  index: number,
  at: Instant,
  now: Instant,
): ModelApiRow[] {
  if (Math.max(at, Math.min(now, at + DAY - 1)) < bornAt(world, index, 2, 2)) return [];
  const { dailyUsd, ...names } = item;
  const { subtotal, part } = spend(world, 2000 + index, dailyUsd, at, now);
  if (subtotal === 0n) return [];
  const row = { category: 'model_api', at, ...names } as const;
  const all = {
    subtotal,
    credits: index === 0 ? truncateTo(MICRO, subtotal / 4n) : 0n,
    requests: part(dailyUsd * 1_009),
    input_tokens: part(dailyUsd * 1_950_011),
    output_tokens: part(dailyUsd * 410_003),
    cached_input_tokens: Math.floor(part(dailyUsd * 1_950_011) / 3),
  };
  // What the batch key leaves is used by a key with two prefixes, or in the playground, which has no key.
  const batch = fractionOf(all);
  return [
    { ...row, keys: ['bsnt_batch'], ...batch },
    { ...row, ...(index % 2 === 0 && { keys: ['bsnt_app', 'bsnt_web'] }), ...without(all, batch) },
  ];
}

type ModelApiFigures = Omit<ModelApiRow, 'category' | 'at' | 'model_name' | 'model_family' | 'keys'> &
  Required<Pick<ModelApiRow, 'credits' | 'requests'>>;

/** Three tenths. */
function fractionOf(all: ModelApiFigures): ModelApiFigures {
  const of = (whole: number) => Math.floor((whole * 3) / 10);
  return {
    subtotal: truncateTo(MICRO, (all.subtotal * 3n) / 10n),
    credits: truncateTo(MICRO, (all.credits * 3n) / 10n),
    requests: of(all.requests),
    input_tokens: of(all.input_tokens),
    output_tokens: of(all.output_tokens),
    cached_input_tokens: of(all.cached_input_tokens),
  };
}

function without(all: ModelApiFigures, part: ModelApiFigures): ModelApiFigures {
  return {
    subtotal: all.subtotal - part.subtotal,
    credits: all.credits - part.credits,
    requests: all.requests - part.requests,
    input_tokens: all.input_tokens - part.input_tokens,
    output_tokens: all.output_tokens - part.output_tokens,
    cached_input_tokens: all.cached_input_tokens - part.cached_input_tokens,
  };
}
