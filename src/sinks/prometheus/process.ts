import { collectDefaultMetrics, type Registry } from 'prom-client';

/** Metrics that `promtool check metrics` rejects: gauges named `_total`, types within names. */
const BADLY_NAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  'nodejs_eventloop_utilization_histogram',
  'nodejs_eventloop_utilization_summary',
] as const;

/** The maximum of a timer: event-loop utilization is not exposed, so it is not sampled. */
const NEVER_MS = 2 ** 31 - 1;

/** Adds prom-client's default process metrics, except badly named ones. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopUtilizationTimeout: NEVER_MS });
  for (const name of BADLY_NAMED) registry.removeSingleMetric(name);
}
