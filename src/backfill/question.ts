import { z } from 'zod';
import { UsageError } from '../runtime/usage-error.ts';

/** What a backfill is about. A working directory serves one question. */
export const BackfillQuestion = z.strictObject({
  /** The first day, in UTC. */
  from: z.string(),
  /** The day after the last, or `baseline`. */
  to: z.string(),
  /** Where the history of a stream ends that the exporter has not read yet, in milliseconds since the Unix epoch. */
  end: z.number(),
  /** A file, a folder, or a URL without its user. */
  output: z.string(),
  /** As `name=value`, sorted. */
  labels: z.array(z.string()),
  /** As `provider/name`, sorted. */
  accounts: z.array(z.string()),
});
export type BackfillQuestion = z.infer<typeof BackfillQuestion>;

/** The backfill cannot be done as it was asked for. The message says what to do. */
export class BackfillRefusal extends UsageError {
  override readonly name = 'BackfillRefusal';
}

const PARTS = {
  from: '--from',
  to: '--to',
  output: 'the output',
  labels: '--label',
  accounts: 'the accounts of the configuration',
} as const satisfies Partial<Record<keyof BackfillQuestion, string>>;

/** How two questions differ, as `--from is 2026-02-01, and was 2026-01-01`; undefined if they do not. */
export function differenceOf(asked: BackfillQuestion, begun: BackfillQuestion): string | undefined {
  const keys = ['from', 'to', 'output', 'labels', 'accounts'] as const;
  const key = keys.find((each) => textOf(asked[each]) !== textOf(begun[each]));
  return key && `${PARTS[key]} is ${textOf(asked[key]) || 'none'}, and was ${textOf(begun[key]) || 'none'}`;
}

function textOf(part: string | readonly string[]): string {
  return typeof part === 'string' ? part : part.join(', ');
}
