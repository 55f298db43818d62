import { ConfigError, type Problem } from '../yaml/errors.ts';
import type { Environment } from '../yaml/substitute.ts';
import type { OpenTelemetry } from './config.ts';
import { exportersOf, receiversOfVariables, resourceOfVariables, tracesOfVariables } from './env.ts';
import { flagOf, type Variables } from './env-values.ts';
import { type FileSection, receiversOfFile, tracesOfFile } from './file.ts';
import { sourceOfVariables } from './setting.ts';

/** Nothing but the name of the service. */
export const NO_OPEN_TELEMETRY: OpenTelemetry = {
  prometheus: false,
  resource: { 'service.name': 'ai-billing-exporter' },
  genAi: false,
  receivers: [],
  traces: undefined,
  warnings: [],
};

/**
 * What the standard variables come to.
 *
 * @throws {ConfigError} when one names what cannot be used: no URL, or a file that cannot be read.
 */
export function openTelemetryOfEnvironment(env: Environment): OpenTelemetry {
  const problems: Problem[] = [];
  const openTelemetry = readOpenTelemetry(undefined, env, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return openTelemetry;
}

/** What a file and the standard variables come to; what is wrong with the file goes to its document. */
export function readOpenTelemetry(
  from: FileSection | undefined,
  env: Environment,
  problems: Problem[],
): OpenTelemetry {
  const warned = new Set<string>();
  const variables: Variables = { env, warn: (name, message) => void warned.add(`${name} ${message}`) };
  const source = sourceOfVariables(variables, problems);
  const section = from?.section;
  const listed = from && receiversOfFile(from);
  const traced = from && tracesOfFile(from);
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
    receivers: listed ?? receiversOfVariables(exporters, variables, source),
    traces: traced ?? tracesOfVariables(variables, source),
    warnings: [...warned],
  };
}
