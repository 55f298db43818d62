import type { Observation, Reading } from '../../core/statement/statement.ts';
import { observe, reading } from '../api/readings.ts';
import type { Summary } from './schema.ts';

/** Reads the usage summary: seconds by tier, by type of event and by model, of a period that is not documented. */
export function readSummary(body: Summary): Reading {
  return reading({
    observations: [
      ...secondsOf('usageByTier', 'tier', body.tier_usage),
      ...secondsOf('usageByType', 'usage_type', body.type_usage),
      ...secondsOf('usageByModel', 'model', body.model_usage),
    ],
  });
}

function secondsOf(
  metric: Observation['metric'],
  label: string,
  seconds: Summary['tier_usage'],
): Observation[] {
  return [...(seconds ?? [])].flatMap(([name, value]) => observe(metric, { [label]: name }, value));
}
