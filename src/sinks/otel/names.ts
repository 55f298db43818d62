import type { FamilyHeader } from '../prometheus/encode.ts';

/**
 * OTLP units by the last word of a name. A backend with Prometheus naming appends the word of `s`, `By` and, for gauges, `1` only
 * if the name lacks it, and ignores units in braces: any other unit would change the name there.
 *
 * https://github.com/open-telemetry/opentelemetry-specification/blob/main/specification/compatibility/prometheus_and_openmetrics.md
 */
const UNITS: ReadonlyMap<string, string> = new Map([
  ['seconds', 's'],
  ['bytes', 'By'],
  ['ratio', '1'],
  ['usd', '{USD}'],
  ['tokens', '{token}'],
  ['requests', '{request}'],
  ['retries', '{retry}'],
  ['units', '{unit}'],
  ['series', '{series}'],
  ['polls', '{poll}'],
  ['failures', '{failure}'],
  ['errors', '{error}'],
  ['points', '{point}'],
]);

/** The OTLP name of a family; a backend with Prometheus naming restores the family's own name. */
export function otlpName({ name, type }: Pick<FamilyHeader, 'name' | 'type'>): string {
  return (type === 'counter' ? name.replace(/_total$/, '') : name).replaceAll('_', '.');
}

/** The OTLP unit of a family, `''` if its name has none. Corrections have the unit of their counter. */
export function otlpUnit(name: string): string {
  const word = name.replace(/(_corrections)?(_total)?$/, '').replace(/^.*_/, '');
  return UNITS.get(word) ?? '';
}
