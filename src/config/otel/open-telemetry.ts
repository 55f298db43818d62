import type { Receiver } from '../../push/receiver.ts';
import { ConfigError, type Problem } from '../yaml/errors.ts';
import type { Environment } from '../yaml/substitute.ts';
import { exportersOf, receiversOfVariables, resourceOfVariables, tracesOfVariables } from './env.ts';
import { flagOf, type Variables } from './env-values.ts';
import { type FileSection, receiversOfFile, tracesOfFile } from './file.ts';
import type { Traces } from './receiver.ts';
import { sourceOfVariables } from './setting.ts';

/** What is exported over OpenTelemetry, and where to. */
export interface OpenTelemetry {
  /** Serves `/otel/metrics`. */
  readonly prometheus: boolean;
  /** Resource attributes, `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  /** Adds attributes of the GenAI semantic conventions. */
  readonly genAi: boolean;
  /** The receivers of metrics. */
  readonly receivers: readonly Receiver[];
  /** Where the exporter's own spans go; undefined disables them. */
  readonly traces: Traces | undefined;
  /** Environment variables that are ignored, to be logged once. None contains a value. */
  readonly warnings: readonly string[];
}

/** Everything disabled; only the service name is set. */
export const NO_OPEN_TELEMETRY: OpenTelemetry = {
  prometheus: false,
  resource: { 'service.name': 'ai-billing-exporter' },
  genAi: false,
  receivers: [],
  traces: undefined,
  warnings: [],
};

/**
 * The configuration from the standard variables alone.
 *
 * @throws {ConfigError} if a URL is invalid or a file cannot be read.
 */
export function openTelemetryOfEnvironment(env: Environment): OpenTelemetry {
  const problems: Problem[] = [];
  const openTelemetry = readOpenTelemetry(undefined, env, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return openTelemetry;
}

/** The configuration from a file and the standard variables; problems of the file are reported to its document. */
export function readOpenTelemetry(
  from: FileSection | undefined,
  env: Environment,
  problems: Problem[],
): OpenTelemetry {
  const warned = new Set<string>();
  const variables: Variables = { env, warn: (name, message) => void warned.add(`${name} ${message}`) };
  const source = sourceOfVariables(variables, problems);
  const section = from?.section;
  const receivers = from && receiversOfFile(from);
  const traces = from && tracesOfFile(from);
  const resource = {
    ...NO_OPEN_TELEMETRY.resource,
    ...resourceOfVariables(variables),
    ...section?.resourceAttributes,
    ...(section?.serviceName !== undefined && { 'service.name': section.serviceName }),
  };
  if (flagOf(variables, 'OTEL_SDK_DISABLED')) {
    if (section) variables.warn('OTEL_SDK_DISABLED', 'is true: the opentelemetry section is disabled');
    return { ...NO_OPEN_TELEMETRY, resource, warnings: [...warned] };
  }
  const exporters = exportersOf('METRICS', variables);
  return {
    prometheus: section?.prometheus ?? exporters?.includes('prometheus') ?? false,
    resource,
    genAi: section?.genAiAttributes ?? false,
    receivers: receivers ?? receiversOfVariables(exporters, variables, source),
    traces: traces ?? tracesOfVariables(variables, source),
    warnings: [...warned],
  };
}
