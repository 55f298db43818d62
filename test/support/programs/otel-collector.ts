import { access, constants, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Ended, run, startDaemon } from '../exporter/child.ts';

/** The folder of our configuration and its page. */
export const COLLECTOR_FOLDER = join(import.meta.dirname, '../../../deploy/otel-collector');
const CONFIG = join(COLLECTOR_FOLDER, 'config.yaml');

const Components = z.record(z.string(), z.unknown());
const Pipeline = z.strictObject({
  receivers: z.array(z.string()),
  processors: z.array(z.string()),
  exporters: z.array(z.string()),
});
const Config = z.strictObject({
  extensions: Components,
  receivers: z.object({
    otlp: z.object({
      protocols: z.object({
        grpc: z.object({ endpoint: z.string() }),
        http: z.object({ endpoint: z.string() }),
      }),
    }),
  }),
  processors: Components,
  exporters: Components,
  service: z.strictObject({
    extensions: z.array(z.string()),
    pipelines: z.record(z.string(), Pipeline),
  }),
});

/** The shipped configuration, its variables as they are written. */
export async function readCollectorConfig() {
  const text = await readFile(CONFIG, 'utf8');
  return { text, config: Config.parse(parse(text)) };
}

/** A real collector that runs the shipped configuration until its test ends. */
export interface Collector {
  /** `host:port` of OTLP over gRPC. */
  readonly grpc: string;
  /** `host:port` of OTLP over HTTP. */
  readonly http: string;
  log(): string;
}

/**
 * A test against a real OpenTelemetry Collector. Debian has no package of it: it is taken from PATH as `otelcol` or
 * `otelcol-contrib`; otherwise the test is skipped.
 */
export function collectorTest(
  name: string,
  body: (context: TestContext, path: string) => Promise<void>,
): void {
  test(name, { timeout: 120_000 }, async (context) => {
    const path = await onPath();
    if (path === undefined) return context.skip('no otelcol is on PATH');
    await body(context, path);
  });
}

/** Values for the variables of the shipped configuration. */
export type CollectorVariables = Readonly<Record<string, string>>;

/** The collector's own validation of the shipped configuration. */
export async function validateCollector(path: string, variables: CollectorVariables): Promise<Ended> {
  return run('env', [...assigned(variables), path, 'validate', `--config=${CONFIG}`]);
}

/** Starts it on free ports of the loopback interface. */
export async function startCollector(
  context: TestContext,
  path: string,
  variables: CollectorVariables,
): Promise<Collector> {
  const ours = [
    'receivers::otlp::protocols::grpc::endpoint: 127.0.0.1:0',
    'receivers::otlp::protocols::http::endpoint: 127.0.0.1:0',
    'extensions::health_check::endpoint: 127.0.0.1:0',
    'service::telemetry::metrics::level: none', // else it listens on a port of its own
  ];
  const more = ours.map((setting) => `--config=yaml:${setting}`);
  const daemon = await startDaemon({
    path: 'env',
    args: [...assigned(variables), path, `--config=${CONFIG}`, ...more],
    listening: /Starting HTTP server.*"endpoint": "(127\.0\.0\.1:\d+)"/,
  });
  context.after(() => daemon.stop());
  const grpc = /Starting GRPC server.*"endpoint": "(127\.0\.0\.1:\d+)"/.exec(daemon.log())?.[1];
  if (grpc === undefined) throw new Error(`no address of gRPC:\n${daemon.log()}`);
  return { grpc, http: daemon.address, log: daemon.log };
}

function assigned(variables: CollectorVariables): string[] {
  return Object.entries(variables).map(([name, value]) => `${name}=${value}`);
}

async function onPath(): Promise<string | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const path of folders.flatMap((folder) =>
    ['otelcol', 'otelcol-contrib'].map((name) => join(folder, name)),
  ))
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  return undefined;
}
