import type { OpenTelemetry } from '../config/otel/open-telemetry.ts';
import type { Deliveries } from '../core/metrics/deliveries.ts';
import type { SnapshotSource } from '../core/metrics/snapshot.ts';
import type { Instant } from '../core/values/time.ts';
import type { PushEvents } from '../push/push.ts';
import type { Receiver } from '../push/receiver.ts';
import type { OpenReceivers, Subscription } from '../push/receivers.ts';
import type { Logger } from '../runtime/log.ts';
import type { PrometheusPage } from '../sinks/prometheus/page.ts';
import type { SelfMetrics } from '../sinks/prometheus/self.ts';
import type { Telemetry, TraceDelivery } from '../telemetry/open.ts';

// What is not configured is not loaded: its packages take as long as the rest of the startup.

export interface Process {
  readonly version: string;
  readonly now: () => Instant;
  readonly log: Logger;
}

export interface TelemetrySources {
  readonly ledger: { deliveries(receiver: string): Deliveries };
  readonly publisher: SnapshotSource;
  readonly self: SelfMetrics;
}

/** Opens the exporter's own traces; undefined if they are off. */
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
    if (delivery.ok) log.info('span export recovered');
    else log.warn({ reason: delivery.reason, message: delivery.message }, 'spans dropped');
  };
  return openTelemetry({ traces: { receiver, transport, sampleRatio, onTransition }, resource });
}

/** Opens the receivers of metrics, each of which receives the ledger's and the exporter's; undefined without receivers. */
export async function openPushes(
  config: OpenTelemetry,
  sources: TelemetrySources,
  process: Process,
): Promise<OpenReceivers | undefined> {
  if (config.receivers.length === 0) return undefined;
  const { openReceivers } = await import('../push/receivers.ts');
  const subscriptions = await Promise.all(
    config.receivers.map((receiver) => openSubscription(receiver, config, sources, process)),
  );
  return openReceivers(subscriptions, { resource: config.resource, now: process.now });
}

async function openSubscription(
  receiver: Receiver,
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
  const events: PushEvents = {
    ...pushEvents(name, self, log),
    carried: costs.carried,
    accepted: recordAccepted(name, { own, costs }, log),
  };
  const transport = await openTransport(receiver, 'metrics', { userAgent: userAgentOf(version), now });
  return { receiver, transport, producers: [costs.producer, own.producer], events };
}

function pushEvents(
  receiver: string,
  self: SelfMetrics,
  log: Logger,
): Pick<PushEvents, 'lost' | 'retried' | 'ended'> {
  let wasOk = true;
  return {
    lost: (count, reason) => self.pointsLost(receiver, count, reason),
    retried: () => self.pushRetried(receiver),
    ended({ ok, at, seconds, accepted: taken, lost, reason, message }) {
      self.pointsTaken(receiver, taken);
      self.pushEnded(receiver, { ok, at, seconds });
      if (!ok) log.warn({ receiver, seconds, taken, lost, reason, message }, 'push failed');
      else if (!wasOk) log.info({ receiver, seconds, taken }, 'push recovered');
      wasOk = ok;
    },
  };
}

/** Records points as delivered. A ledger that cannot be written is reported elsewhere too, so one log line is enough until it can. */
function recordAccepted(
  receiver: string,
  { own, costs }: Readonly<Record<'own' | 'costs', { acknowledge: PushEvents['accepted'] }>>,
  log: Logger,
): PushEvents['accepted'] {
  let wasStored = true;
  return (points) => {
    own.acknowledge(points);
    try {
      costs.acknowledge(points);
      wasStored = true;
    } catch (error) {
      if (wasStored) log.warn({ receiver, err: error }, 'delivered points could not be stored');
      wasStored = false;
    }
  };
}

/** Opens `/otel/metrics`; undefined if it is off. */
export async function openOtelPage(
  { prometheus, resource }: OpenTelemetry,
  { publisher, self }: Omit<TelemetrySources, 'ledger'>,
  { version, now, log }: Process,
): Promise<PrometheusPage | undefined> {
  if (!prometheus) return undefined;
  const { createOtelPage } = await import('../sinks/otel/page.ts');
  const onError = (error: unknown) =>
    log.error({ err: error }, 'rendering /otel/metrics failed; serving the previous page');
  return createOtelPage({ source: publisher, self, resource, now, version, onError });
}

function userAgentOf(version: string): string {
  return `ai-billing-exporter/${version}`;
}
