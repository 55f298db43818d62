import type { SeriesRow } from '../ledger/records.ts';
import type { LedgerState } from '../ledger/state.ts';
import type { ResourceFacts } from '../statement/statement.ts';
import type { FACT_LABELS, SeriesLabel } from './cost-series.ts';

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

/** The value of a label; `""` if the source does not have it. */
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
    default:
      return factOf(facts, label);
  }
}

function factOf(facts: ResourceFacts | undefined, label: FactLabel): string {
  return facts?.[label === 'environment' ? 'environment_name' : label] ?? '';
}

type FactLabel = (typeof FACT_LABELS)[number];

/** A resource with the labels from its facts; `""` for facts that are not known. */
export type KnownResource = Readonly<Record<'provider' | 'account' | 'resource' | FactLabel, string>>;

export function knownResources(state: LedgerState, accounts: readonly CostsAccount[]): KnownResource[] {
  const known = new Map(accounts.map((account) => [account.id, account]));
  const resources: KnownResource[] = [];
  for (const { account: id, resource, facts } of state.resources()) {
    const found = known.get(id);
    if (!found) continue;
    resources.push({
      provider: found.provider,
      account: found.account,
      resource,
      name: factOf(facts, 'name'),
      kind: factOf(facts, 'kind'),
      project: factOf(facts, 'project'),
      team: factOf(facts, 'team'),
      environment: factOf(facts, 'environment'),
    });
  }
  return resources;
}

/** Orders label values by the first that differs. */
export function compareLabels(a: readonly string[], b: readonly string[]): number {
  const place = a.findIndex((value, index) => value !== b[index]);
  if (place < 0) return 0;
  return (a[place] ?? '') < (b[place] ?? '') ? -1 : 1;
}
