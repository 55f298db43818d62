import type { Receiver } from '../../push/receiver.ts';
import type { Document } from '../yaml/document.ts';
import type { Path } from '../yaml/errors.ts';
import { reportDuplicateNames } from '../yaml/issues.ts';
import { RECEIVER_DEFAULTS, type ReceiverSettings, receiverOf, type Traces } from './receiver.ts';
import type { OpenTelemetrySection, ReceiverSection, TracesSection } from './schema.ts';
import { type SettingsSource, sourceOfFile } from './setting.ts';

/** The `opentelemetry` section of a file. */
export interface FileSection {
  readonly section: OpenTelemetrySection;
  readonly document: Document;
  readonly file: string;
}

/** The receivers that a file lists; undefined if it has no list. */
export function receiversOfFile({ section, document, file }: FileSection): Receiver[] | undefined {
  const path = ['opentelemetry', 'receivers'];
  const source = sourceOfFile(file, document);
  reportDuplicateNames(section.receivers ?? [], path, document.problems);
  return section.receivers?.map((entry, index) =>
    receiverOf(metricsSettings(entry, [...path, index], source), source),
  );
}

function metricsSettings(entry: ReceiverSection, path: Path, source: SettingsSource): ReceiverSettings {
  const { name, temporality, interval, pushTimeout } = entry;
  return {
    ...settingsOf(entry, [...path, 'metricsEndpoint'], source),
    signal: 'v1/metrics',
    name,
    temporality,
    intervalMs: interval,
    pushTimeout: pushTimeout === undefined ? undefined : { path: [...path, 'pushTimeout'], ms: pushTimeout },
  };
}

/** Where a file sends spans; undefined if it does not. */
export function tracesOfFile({ section: { traces }, document, file }: FileSection): Traces | undefined {
  if (!traces) return undefined;
  const source = sourceOfFile(file, document);
  const settings = settingsOf(traces, ['opentelemetry', 'traces', 'tracesEndpoint'], source);
  return { receiver: receiverOf(settings, source), sampleRatio: traces.sampleRatio };
}

/** The settings that metrics and traces share; `own` is the path of the key that replaces `endpoint`. */
function settingsOf(
  entry: ReceiverSection | TracesSection,
  own: Path,
  source: SettingsSource,
): ReceiverSettings {
  const { protocol, insecure, headers, compression, timeout } = entry;
  const path = own.slice(0, -1);
  const texts: Readonly<Record<string, unknown>> = entry;
  const setting = (key: string) => {
    const text = texts[key];
    return typeof text === 'string' ? { path: [...path, key], text } : undefined;
  };
  const endpoint = {
    base: setting('endpoint'),
    own: setting(String(own.at(-1))),
    insecure: insecure ?? false,
  };
  if (endpoint.base && endpoint.own) source.refuse(own, 'conflicts with endpoint; keep one of the two');
  const hasScheme = (endpoint.own ?? endpoint.base)?.text.includes('://') ?? true;
  if (insecure !== undefined && (protocol !== 'grpc' || hasScheme))
    source.ignore(
      [...path, 'insecure'],
      'is for the protocol grpc and an endpoint without a scheme; remove it',
    );
  return {
    ...RECEIVER_DEFAULTS,
    name: 'traces',
    signal: 'v1/traces',
    protocol,
    endpoint,
    headers: Object.entries(headers).map(([name, text]) => ({
      path: [...path, 'headers', name],
      name,
      text,
    })),
    compression,
    timeoutMs: timeout,
    pushTimeout: undefined,
    files: { ca: setting('caFile'), cert: setting('certFile'), key: setting('keyFile') },
  };
}
