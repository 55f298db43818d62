import { type Instant, MINUTE } from '../../../src/core/values/time.ts';
import type { PriceList } from './evaluate.ts';

/** Prices that the demo has evaluated, as its configuration file would have them. */
export const DEMO_PROBES: readonly object[] = [
  {
    name: 'two images',
    pricing: {
      prices: { per_image: 200_000 },
      inference_expression: 'image_count(output_meta.outputs) * prices.per_image',
    },
    output_meta: { inputs: [], outputs: [{ type: 'image', count: 2 }] },
    usage_seconds: 45,
  },
  {
    name: 'a clip on a GPU',
    pricing: {
      prices: { per_clip: 4_000_000 },
      resource_expression: 'sum(resources.price_per_second) * elapsed_ms / 1000',
      inference_expression: 'prices.per_clip',
    },
    resources: [{ price_per_second: 120_000 }],
    usage_seconds: 30,
  },
];

const EVERY_MS = 3 * MINUTE;
const STEP = 20_000;

/** The image price rises by a tenth every three minutes, four times; the clip price is missing in every third interval. */
export function demoPrices(opened: Instant): (now: Instant) => PriceList {
  return (now) => {
    const slot = Math.floor((now - opened) / EVERY_MS);
    return { per_image: 200_000 + STEP * (slot % 5), ...(slot % 3 === 2 && { per_clip: null }) };
  };
}
