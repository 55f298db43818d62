import { COMPRESSIONS, PROTOCOLS } from '../../push/receiver.ts';
import { flagOf, HEADER_PAIR, pairsOf, textOf, timeoutOf, type Variables, wordOf } from './env-values.ts';
import type { Header } from './headers.ts';
import { RECEIVER_DEFAULTS, type ReceiverSettings } from './receiver.ts';
import type { Setting, SettingsSource } from './setting.ts';

/** The signals, as variables name them. */
export type Signal = 'METRICS' | 'TRACES';

/**
 * The settings of one signal from the `OTEL_EXPORTER_OTLP_*` variables.
 *
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export function otlpSettings(signal: Signal, variables: Variables, source: SettingsSource): ReceiverSettings {
  const first = firstFor(signal);
  const setting = (suffix: string) => first(suffix, (name) => settingOf(variables, name));
  const word = <T extends string>(suffix: string, known: readonly T[]) =>
    first(suffix, (name) => wordOf(variables, name, known));
  const headers = setting('HEADERS');
  return {
    ...RECEIVER_DEFAULTS,
    name: signal === 'METRICS' ? 'default' : 'traces',
    signal: signal === 'METRICS' ? 'v1/metrics' : 'v1/traces',
    protocol: word('PROTOCOL', PROTOCOLS) ?? RECEIVER_DEFAULTS.protocol,
    endpoint: {
      base: settingOf(variables, 'OTEL_EXPORTER_OTLP_ENDPOINT'),
      own: settingOf(variables, `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`),
      insecure: first('INSECURE', (name) => flagOf(variables, name)) ?? false,
    },
    headers: headers ? headersIn(headers, source) : [],
    compression: word('COMPRESSION', COMPRESSIONS) ?? RECEIVER_DEFAULTS.compression,
    timeoutMs: first('TIMEOUT', (name) => timeoutOf(variables, name)) ?? RECEIVER_DEFAULTS.timeoutMs,
    pushTimeout: undefined,
    files: {
      ca: setting('CERTIFICATE'),
      cert: setting('CLIENT_CERTIFICATE'),
      key: setting('CLIENT_KEY'),
    },
  };
}

/** Whether a variable sets the endpoint of the signal. */
export function hasEndpoint(signal: Signal, variables: Variables): boolean {
  return firstFor(signal)('ENDPOINT', (name) => textOf(variables, name)) !== undefined;
}

/** Reads the variable of the signal, or else the one for all signals. */
function firstFor(signal: Signal) {
  return <T>(suffix: string, read: (name: string) => T | undefined): T | undefined =>
    read(`OTEL_EXPORTER_OTLP_${signal}_${suffix}`) ?? read(`OTEL_EXPORTER_OTLP_${suffix}`);
}

function settingOf(variables: Variables, name: string): Setting | undefined {
  const text = textOf(variables, name);
  return text === undefined ? undefined : { path: [name], text };
}

function headersIn({ path, text }: Setting, source: SettingsSource): Header[] {
  const pairs = pairsOf(text, HEADER_PAIR);
  if (!pairs)
    source.refuse(path, 'must be comma-separated name=value pairs; write %2C for a comma and %25 for %');
  return (pairs ?? []).map(([name, value]) => ({ path, name, text: value }));
}
