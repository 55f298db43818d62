import { collectDefaultMetrics, type Registry } from 'prom-client';

/** What prom-client collects but `promtool check metrics` objects to: gauges named `_total`, types within names. */
const UNCLEAN = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  'nodejs_eventloop_utilization_histogram',
  'nodejs_eventloop_utilization_summary',
] as const;

/** The longest a timer can wait: event-loop utilization is not shown, so it need not be sampled. */
const NEVER_MS = 2 ** 31 - 1;

/** Adds the runtime's default process metrics, but for those that are not cleanly named. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopUtilizationTimeout: NEVER_MS });
  for (const name of UNCLEAN) registry.removeSingleMetric(name);
}
