import type { Observation, Reading } from '../../core/statement/statement.ts';
import { unknownFieldsOf } from '../api/unknown-fields.ts';
import { Summary } from './schema.ts';

/** Reads the usage summary: seconds by tier, by type of event and by model, of a period that is not documented. */
export function readSummary(body: Summary): Reading {
  return {
    resources: [],
    observations: [
      ...secondsOf('usageByTier', 'tier', body.tier_usage),
      ...secondsOf('usageByType', 'usage_type', body.type_usage),
      ...secondsOf('usageByModel', 'model', body.model_usage),
    ],
    drift: unknownFieldsOf(Summary, body),
  };
}

function secondsOf(metric: string, label: string, seconds: Summary['tier_usage']): Observation[] {
  return [...(seconds ?? [])].flatMap(([name, value]) =>
    value === undefined ? [] : [{ metric, labels: { [label]: name }, value }],
  );
}
