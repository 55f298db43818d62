import { setImmediate } from 'node:timers/promises';
import type { MetricData, ResourceMetrics, ScopeMetrics } from '@opentelemetry/sdk-metrics';

/** One data point, as produced. A histogram is one point. */
export type EncodedPoint = MetricData['dataPoints'][number];

/** Some points of a push, and their request. */
export interface EncodedBatch {
  readonly points: readonly EncodedPoint[];
  /** Undefined if a single point is larger than a request may be. */
  readonly body: Uint8Array | undefined;
}

/** How a push is divided and encoded. */
export interface Encoding {
  readonly serializer: { serializeRequest(metrics: ResourceMetrics): Uint8Array | undefined };
  readonly batchPoints: number;
  readonly batchBytes: number;
}

/**
 * Splits a push into requests within the limits, and encodes each when it is requested, in its own iteration of the event loop.
 */
export async function* encodedBatches(
  metrics: ResourceMetrics,
  encoding: Encoding,
): AsyncGenerator<EncodedBatch> {
  const { serializer, batchPoints, batchBytes } = encoding;
  for (const batch of batchesOf(metrics, batchPoints)) {
    await setImmediate();
    const points = pointsIn(batch);
    const body = serializer.serializeRequest(batch);
    if (body && body.length <= batchBytes) yield { points, body };
    else if (points.length === 1) yield { points, body: undefined };
    else yield* encodedBatches(batch, { ...encoding, batchPoints: Math.ceil(points.length / 2) });
  }
}

/** How many points a push has. */
export function countPoints(metrics: ResourceMetrics): number {
  return pointsIn(metrics).length;
}

function pointsIn({ scopeMetrics }: ResourceMetrics): EncodedPoint[] {
  return scopeMetrics.flatMap(({ metrics }) => metrics.flatMap<EncodedPoint>(({ dataPoints }) => dataPoints));
}

/** Batches of `size` points, except the last. A family that does not fit continues in the next batch. */
function* batchesOf({ resource, scopeMetrics }: ResourceMetrics, size: number): Generator<ResourceMetrics> {
  let pieces: Piece[] = [];
  let remaining = size;
  for (const piece of piecesOf(scopeMetrics)) {
    const { dataPoints } = piece.metric;
    for (let from = 0; from < dataPoints.length; ) {
      const slice = dataPoints.slice(from, from + remaining);
      pieces.push({ ...piece, metric: Object.assign({ ...piece.metric }, { dataPoints: slice }) });
      from += slice.length;
      remaining -= slice.length;
      if (remaining > 0) continue;
      yield { resource, scopeMetrics: groupByScope(pieces) };
      pieces = [];
      remaining = size;
    }
  }
  if (pieces.length > 0) yield { resource, scopeMetrics: groupByScope(pieces) };
}

/** A family, or a part of it, and its scope. */
interface Piece {
  readonly scope: ScopeMetrics['scope'];
  readonly metric: MetricData;
}

function piecesOf(scopeMetrics: readonly ScopeMetrics[]): Piece[] {
  return scopeMetrics.flatMap(({ scope, metrics }) => metrics.map((metric) => ({ scope, metric })));
}

function groupByScope(pieces: readonly Piece[]): ScopeMetrics[] {
  const byScope = Map.groupBy(pieces, ({ scope }) => scope);
  return [...byScope].map(([scope, all]) => ({ scope, metrics: all.map(({ metric }) => metric) }));
}
