import { anthropic } from './anthropic/index.ts';
import { defaultRates } from './api/currencies.ts';
import type { Provider } from './api/provider.ts';
import { baseten } from './baseten/index.ts';
import { inferenceSh } from './inference_sh/index.ts';
import { northflank } from './northflank/index.ts';
import { openai } from './openai/index.ts';
import { openRouter } from './openrouter/index.ts';
import { runPod } from './runpod/index.ts';
import { venice } from './venice/index.ts';

/** Every supported provider: one folder, one line. */
export const PROVIDERS = [
  baseten,
  venice,
  inferenceSh,
  northflank,
  openai,
  anthropic,
  openRouter,
  runPod,
] as const satisfies readonly Provider[];

/** Rates that need no configuration. */
export const DEFAULT_RATES = defaultRates(PROVIDERS);
