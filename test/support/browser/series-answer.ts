import { Big } from 'big.js';
import { z } from 'zod';

const Value = z.string().nullable();
const Row = z.object({ values: z.array(Value), total: Value });

/** What `/api/v1/costs/series` answers. */
const SeriesAnswer = z.object({
  by: z.array(z.string()),
  buckets: z.array(z.string()),
  series: z.array(Row.extend({ labels: z.record(z.string(), z.string()) })),
  other: Row.nullable(),
  total: Row,
});
export type SeriesAnswer = z.infer<typeof SeriesAnswer>;

export async function askSeries(url: string, query: string): Promise<SeriesAnswer> {
  const response = await fetch(`${url}/api/v1/costs/series?${query}`);
  if (response.status !== 200) throw new Error(`${query}: ${await response.text()}`);
  return SeriesAnswer.parse(await response.json());
}

/** The exact sum of the known ones, as the ledger writes it; null if none is known. */
export function knownSum(values: readonly (string | null)[]): string | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0 && values.length > 0) return null;
  return known.reduce((sum, value) => sum.plus(value), new Big(0)).toFixed();
}
