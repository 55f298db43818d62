import type { OpenTelemetry, ReceiverConfig } from '../config/otel/config.ts';
import type { Deliveries } from '../core/metrics/deliveries.ts';
import type { SnapshotSource } from '../core/metrics/snapshot.ts';
import type { Instant } from '../core/values/time.ts';
import type { PushEvents } from '../push/push.ts';
import type { OpenReceivers, Subscription } from '../push/receivers.ts';
import type { Logger } from '../runtime/log.ts';
import type { PrometheusPage } from '../sinks/prometheus/page.ts';
import type { SelfMetrics } from '../sinks/prometheus/self.ts';
import type { Telemetry, TraceDelivery } from '../telemetry/open.ts';

/** What is not configured is not loaded: its packages take as long as the rest of the start. */

/** What everything here is told of the process. */
export interface Process {
  readonly version: string;
  readonly now: () => Instant;
  readonly log: Logger;
}

/** What there is to tell. */
export interface TelemetrySources {
  readonly ledger: { deliveries(receiver: string): Deliveries };
  readonly publisher: SnapshotSource;
  readonly self: SelfMetrics;
}

/** Opens the exporter's own telemetry; undefined where it is off. */
export async function openOwnTelemetry(
  { traces, resource }: OpenTelemetry,
  { version, now, log }: Process,
): Promise<Telemetry | undefined> {
  if (!traces) return undefined;
  const [{ openTransport }, { openTelemetry }] = await Promise.all([
    import('../push/open.ts'),
    import('../telemetry/open.ts'),
  ]);
  const { receiver, sampleRatio } = traces;
  const transport = await openTransport(receiver, 'traces', { userAgent: userAgentOf(version), now });
  const onTransition = (delivery: TraceDelivery) => {
    if (delivery.ok) log.info('spans arrive again');
    else log.warn({ reason: delivery.reason, message: delivery.message }, 'spans are lost');
  };
  return openTelemetry({
    traces: { receiver, transport, sampleRatio, onTransition },
    resource,
  });
}

/** Opens the receivers of metrics, and tells each of the ledger and of the exporter; undefined where there is none. */
export async function openPushes(
  config: OpenTelemetry,
  told: TelemetrySources,
  process: Process,
): Promise<OpenReceivers | undefined> {
  if (config.receivers.length === 0) return undefined;
  const { openReceivers } = await import('../push/receivers.ts');
  const subscriptions = await Promise.all(
    config.receivers.map((receiver) => subscriptionOf(receiver, config, told, process)),
  );
  return openReceivers(subscriptions, { resource: config.resource, now: process.now });
}

async function subscriptionOf(
  receiver: ReceiverConfig,
  { genAi }: OpenTelemetry,
  { ledger, publisher, self }: TelemetrySources,
  { version, now, log }: Process,
): Promise<Subscription> {
  const [{ createLedgerProducer }, { createSelfProducer }, { openTransport }, { PUSH_FAILURES }] =
    await Promise.all([
      import('../sinks/otel/producer.ts'),
      import('../sinks/otel/self.ts'),
      import('../push/open.ts'),
      import('../push/transport.ts'),
    ]);
  const { name, temporality } = receiver;
  const shared = { now, version, genAi };
  const deliveries = temporality === 'delta' ? ledger.deliveries(name) : undefined;
  const costs = createLedgerProducer({ ...shared, source: publisher, deliveries });
  const isDelta = temporality !== 'cumulative';
  const own = createSelfProducer({ ...shared, self, startedAt: now(), isDelta });
  self.receiverSeen(name, PUSH_FAILURES);
  let wasOk = true;
  let wasStored = true;
  const events: PushEvents = {
    accepted(points) {
      own.acknowledge(points);
      try {
        costs.acknowledge(points);
        wasStored = true;
      } catch (error) {
        // A ledger that cannot be written is told of elsewhere, too: one line until it can.
        if (wasStored)
          log.warn({ receiver: name, err: error }, 'what a receiver was told could not be stored');
        wasStored = false;
      }
    },
    lost: (count, reason) => self.pointsLost(name, count, reason),
    retried: () => self.pushRetried(name),
    carried: costs.carried,
    ended({ ok, at, seconds, accepted: taken, lost, reason, message }) {
      self.pointsTaken(name, taken);
      self.pushEnded(name, { ok, at, seconds });
      if (!ok) log.warn({ receiver: name, seconds, taken, lost, reason, message }, 'push failed');
      else if (!wasOk) log.info({ receiver: name, seconds, taken }, 'push succeeded again');
      wasOk = ok;
    },
  };
  const transport = await openTransport(receiver, 'metrics', { userAgent: userAgentOf(version), now });
  return { receiver, transport, producers: [costs.producer, own.producer], events };
}

/** Opens `/otel/metrics`; undefined where it is off. */
export async function openOtelPage(
  { prometheus, resource }: OpenTelemetry,
  { publisher, self }: Omit<TelemetrySources, 'ledger'>,
  { version, now, log }: Process,
): Promise<PrometheusPage | undefined> {
  if (!prometheus) return undefined;
  const { createOtelPage } = await import('../sinks/otel/page.ts');
  const onError = (error: unknown) =>
    log.error({ err: error }, 'a snapshot could not be rendered for /otel/metrics; the last one stays');
  return createOtelPage({ source: publisher, self, resource, now, version, onError });
}

function userAgentOf(version: string): string {
  return `ai-billing-exporter/${version}`;
}
