import { type Receiver, TEMPORALITIES } from '../../push/receiver.ts';
import {
  ATTRIBUTE_PAIR,
  durationOf,
  pairsOf,
  ratioOf,
  textOf,
  timeoutOf,
  type Variables,
  wordOf,
} from './env-values.ts';
import { hasEndpoint, otlpSettings, type Signal } from './otlp-env.ts';
import { RECEIVER_DEFAULTS, receiverOf, type Traces } from './receiver.ts';
import type { SettingsSource } from './setting.ts';

const EXPORTERS: Readonly<Record<Signal, readonly string[]>> = {
  METRICS: ['otlp', 'prometheus', 'none'],
  TRACES: ['otlp', 'none'],
};
/** Exporters of the specification that are not supported; choosing one means not choosing OTLP. */
const UNSUPPORTED_EXPORTERS: readonly string[] = ['console', 'logging', 'otlp/stdout', 'zipkin'];

/** The exporters selected for a signal; undefined if none is selected. */
export function exportersOf(signal: Signal, variables: Variables): readonly string[] | undefined {
  const name = `OTEL_${signal}_EXPORTER`;
  const supported = EXPORTERS[signal];
  const words = (textOf(variables, name)?.toLowerCase() ?? '').split(',').map((word) => word.trim());
  if (words.some((word) => word !== '' && !supported.includes(word)))
    variables.warn(name, `contains something other than ${supported.join(', ')}: ignored`);
  const selected = words.filter((word) => supported.includes(word) || UNSUPPORTED_EXPORTERS.includes(word));
  if (!selected.includes('none')) return selected.length > 0 ? selected : undefined;
  if (selected.length > 1) variables.warn(name, 'combines none with other exporters: using none');
  return ['none'];
}

/** The receiver `default`, if `otlp` is selected, or if nothing is and an endpoint is set. */
export function receiversOfVariables(
  exporters: readonly string[] | undefined,
  variables: Variables,
  source: SettingsSource,
): Receiver[] {
  const isWanted = exporters?.includes('otlp') ?? hasEndpoint('METRICS', variables);
  return isWanted ? [defaultReceiver(variables, source)] : [];
}

function defaultReceiver(variables: Variables, source: SettingsSource): Receiver {
  const temporality = wordOf(variables, 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', TEMPORALITIES);
  const timeout = 'OTEL_METRIC_EXPORT_TIMEOUT';
  const pushTimeoutMs = timeoutOf(variables, timeout);
  // Validated only: the buckets of the histograms are fixed.
  wordOf(variables, 'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION', [
    'explicit_bucket_histogram',
  ]);
  const settings = {
    ...otlpSettings('METRICS', variables, source),
    ...(temporality && { temporality }),
    intervalMs: durationOf(variables, 'OTEL_METRIC_EXPORT_INTERVAL') ?? RECEIVER_DEFAULTS.intervalMs,
    pushTimeout: pushTimeoutMs === undefined ? undefined : { path: [timeout], ms: pushTimeoutMs },
  };
  return receiverOf(settings, source);
}

/** Where spans go, if OTEL_TRACES_EXPORTER includes `otlp`. */
export function tracesOfVariables(variables: Variables, source: SettingsSource): Traces | undefined {
  if (!exportersOf('TRACES', variables)?.includes('otlp')) return undefined;
  const receiver = receiverOf(otlpSettings('TRACES', variables, source), source);
  return { receiver, sampleRatio: sampleRatioOf(variables) };
}

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

function sampleRatioOf(variables: Variables): number {
  const sampler = wordOf(variables, 'OTEL_TRACES_SAMPLER', SAMPLERS);
  if (sampler?.endsWith('always_off')) return 0;
  return sampler?.endsWith('traceidratio') ? (ratioOf(variables, 'OTEL_TRACES_SAMPLER_ARG') ?? 1) : 1;
}

/** https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable */
export function resourceOfVariables(variables: Variables): Readonly<Record<string, string>> {
  const name = 'OTEL_RESOURCE_ATTRIBUTES';
  const pairs = pairsOf(textOf(variables, name) ?? '', ATTRIBUTE_PAIR);
  if (!pairs)
    variables.warn(name, 'is not a comma-separated list of %-encoded key=value pairs: ignored entirely');
  const serviceName = textOf(variables, 'OTEL_SERVICE_NAME');
  return {
    ...Object.fromEntries(pairs ?? []),
    ...(serviceName !== undefined && { 'service.name': serviceName }),
  };
}
