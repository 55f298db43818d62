import type { Reading } from '../../core/statement/statement.ts';
import { observe, reading } from '../api/readings.ts';
import type { Summary } from './schema.ts';

const CUTS = [
  ['usageByTier', 'tier', 'tier_usage'],
  ['usageByType', 'usage_type', 'type_usage'],
  ['usageByModel', 'model', 'model_usage'],
] as const;

/** Reads the usage summary: seconds by tier, by type of event and by model, of a period that is not documented. */
export function readSummary(body: Summary): Reading {
  const observations = CUTS.flatMap(([metric, label, field]) =>
    [...(body[field] ?? [])].flatMap(([name, value]) => observe(metric, { [label]: name }, value)),
  );
  return reading({ observations });
}
