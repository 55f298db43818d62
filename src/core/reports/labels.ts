import type { SeriesRow } from '../ledger/records.ts';
import type { ResourceFacts } from '../statement/statement.ts';
import type { SeriesLabel } from './cost-series.ts';

export interface CostsAccount {
  readonly id: number;
  readonly provider: string;
  readonly account: string;
  /** The streams that its feeds read. */
  readonly streams: readonly string[];
}

export type LabelledSeries = Pick<SeriesRow, 'measure' | 'resource' | 'model' | 'tier' | 'detail'>;

/** What the labels of an amount come from. */
export interface LabelSource {
  readonly account: CostsAccount;
  readonly row: LabelledSeries;
  /** What is known of the row's resource. */
  readonly facts?: ResourceFacts | undefined;
}

/** The value of a label; `""` where there is none. */
export function labelOf(label: SeriesLabel, { account, row, facts }: LabelSource): string {
  switch (label) {
    case 'provider':
    case 'account':
      return account[label];
    case 'resource':
    case 'model':
    case 'tier':
      return row[label];
    case 'currency':
      return row.measure === 'cost' ? row.detail : '';
    case 'token_type':
      return row.measure === 'tokens' ? row.detail : '';
    case 'environment':
      return facts?.environment_name ?? '';
    default:
      return facts?.[label] ?? '';
  }
}

/** Orders label values by the first that differs. */
export function compareLabels(a: readonly string[], b: readonly string[]): number {
  const place = a.findIndex((value, index) => value !== b[index]);
  if (place < 0) return 0;
  return (a[place] ?? '') < (b[place] ?? '') ? -1 : 1;
}
