import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { startDaemon } from '../exporter/child.ts';
import { onEnd, PATIENCE_MS } from '../exporter/process.ts';
import { binary } from './binaries.ts';

/** A series as it is stored. */
export interface StoredSeries {
  /** Including `__name__`, without empty labels, which mean absent in Prometheus. */
  readonly labels: Readonly<Record<string, string>>;
  /** The last one. */
  readonly value: number;
  /** How many values it has. */
  readonly count: number;
  /** The timestamp of the last one, in milliseconds since the epoch. */
  readonly at: number;
  /** Every value with its timestamp, in order of time. */
  readonly samples: readonly { readonly at: number; readonly value: number }[];
}

/** A real VictoriaMetrics with Prometheus naming for OTLP, which runs until its test ends. */
export interface VictoriaMetrics {
  readonly url: string;
  /** Where OTLP metrics go, over HTTP and in protobuf. */
  readonly otlpUrl: string;
  /** Every stored series, once they satisfy the condition or after two minutes: new series become visible late. */
  exported(suffice: (series: readonly StoredSeries[]) => boolean): Promise<StoredSeries[]>;
  log(): string;
  /** Stops it before its test ends. */
  stop(): Promise<void>;
}

const EVERYTHING = new URLSearchParams({ 'match[]': '{__name__!=""}' });

/** Starts a VictoriaMetrics with an empty database on a free port of the loopback interface. */
export async function startVictoriaMetrics(context: TestContext): Promise<VictoriaMetrics> {
  const folder = await mkdtemp(join(tmpdir(), 'victoria-metrics-'));
  onEnd(context, () => rm(folder, { recursive: true, force: true }));
  const path = await binary('victoria-metrics');
  if (path === undefined) throw new Error('victoria-metrics is not available: use realServerTest');
  const daemon = await startDaemon({
    path,
    args: [
      `-storageDataPath=${folder}`,
      '-httpListenAddr=127.0.0.1:0',
      '-opentelemetry.usePrometheusNaming',
      '-retentionPeriod=100y', // test clocks are set to other years
      '-memory.allowedBytes=256MB',
    ],
    listening: /started server at http:\/\/(127\.0\.0\.1:\d+)\//,
  });
  onEnd(context, () => daemon.stop());
  const url = `http://${daemon.address}`;
  const ask = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`VictoriaMetrics answers ${response.status} to ${path}: ${text}`);
    return text;
  };
  return {
    url,
    otlpUrl: `${url}/opentelemetry/v1/metrics`,
    async exported(suffice) {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        await ask('/internal/force_flush');
        const series = storedIn(await ask(`/api/v1/export?${EVERYTHING}`));
        if (suffice(series) || performance.now() > deadline) return series;
        await wait(100);
      }
    },
    log: daemon.log,
    stop: daemon.stop,
  };
}

/** Values that JSON cannot represent arrive as text, NaN as null. */
const Value = z.union([
  z.number(),
  z.enum(['Infinity', '-Infinity']).transform(Number),
  z.null().transform(() => Number.NaN),
]);

const Line = z.object({
  metric: z.record(z.string(), z.string()),
  values: z.array(Value),
  timestamps: z.array(z.number()),
});

function storedIn(lines: string): StoredSeries[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { metric, values, timestamps } = Line.parse(JSON.parse(line));
      const at = Math.max(...timestamps);
      return {
        labels: metric,
        value: values[timestamps.lastIndexOf(at)] ?? Number.NaN,
        count: values.length,
        at,
        samples: timestamps
          .map((time, index) => ({ at: time, value: values[index] ?? Number.NaN }))
          .sort((a, b) => a.at - b.at),
      };
    });
}
