import type { FamilyHeader } from '../prometheus/encode.ts';

/**
 * OTLP units by the word a name ends in. A backend with Prometheus naming puts the word of `s`, `By` and, for gauges, `1` back
 * only where the name lacks it, and takes no notice of units in braces: any other unit would change the name there.
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

/** What a family is called over OTLP: a backend with Prometheus naming makes the family's own name of it again. */
export function otlpName({ name, type }: Pick<FamilyHeader, 'name' | 'type'>): string {
  return (type === 'counter' ? name.replace(/_total$/, '') : name).replaceAll('_', '.');
}

/** The unit of a family over OTLP, `''` where its name tells none. A twin has its counter's. */
export function otlpUnit(name: string): string {
  const word = name.replace(/(_corrections)?(_total)?$/, '').replace(/^.*_/, '');
  return UNITS.get(word) ?? '';
}
