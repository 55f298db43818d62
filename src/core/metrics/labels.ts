import type { AccountRow, SeriesRow } from '../ledger/records.ts';
import type { ResourceFacts } from '../statement/statement.ts';
import type { Metric } from './catalog.ts';

/** Values of the labels of a measure's families. */
export function seriesLabels(metric: Metric, account: AccountRow, row: SeriesRow): string[] {
  const own = [account.provider, account.name];
  const core = metric.labels.length > 3 ? [row.resource, row.model, row.tier] : [];
  const detail = metric.labels.length === own.length + core.length ? [] : [row.detail];
  return [...own, ...core, ...detail];
}

export function infoLabels(account: AccountRow, facts: ResourceFacts): string[] {
  const {
    resource,
    name = '',
    kind = '',
    project = '',
    team = '',
    environment_name = '',
    instance_type = '',
  } = facts;
  const deleted = facts.deleted === undefined ? '' : String(facts.deleted);
  return [
    account.provider,
    account.name,
    resource,
    name,
    kind,
    project,
    team,
    environment_name,
    instance_type,
    deleted,
  ];
}
