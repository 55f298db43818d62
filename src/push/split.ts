import { setImmediate } from 'node:timers/promises';
import type { MetricData, ResourceMetrics, ScopeMetrics } from '@opentelemetry/sdk-metrics';

/** One data point, as its producer made it. A histogram is one point. */
export type EncodedPoint = MetricData['dataPoints'][number];

/** Some points of a push, and the request that carries them. */
export interface EncodedBatch {
  readonly points: readonly EncodedPoint[];
  /** Undefined where a single point is larger than a request may be. */
  readonly body: Uint8Array | undefined;
}

/** How a push becomes requests. */
export interface Encoding {
  readonly serializer: { serializeRequest(metrics: ResourceMetrics): Uint8Array | undefined };
  readonly batchPoints: number;
  readonly batchBytes: number;
}

/**
 * Cuts a push into requests of at most so many points and bytes, and encodes one at a time, when it is asked for.
 *
 * Before each encoding the event loop has a turn.
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
export function countPoints({ scopeMetrics }: ResourceMetrics): number {
  const metrics = scopeMetrics.flatMap((scope) => scope.metrics);
  return metrics.reduce((count, { dataPoints }) => count + dataPoints.length, 0);
}

function pointsIn({ scopeMetrics }: ResourceMetrics): EncodedPoint[] {
  return scopeMetrics.flatMap(({ metrics }) => metrics.flatMap<EncodedPoint>(({ dataPoints }) => dataPoints));
}

/** Batches of `size` points, the last of what is left. Families are cut where a batch is full, and follow one another in it. */
function* batchesOf({ resource, scopeMetrics }: ResourceMetrics, size: number): Generator<ResourceMetrics> {
  let pieces: Piece[] = [];
  let free = size;
  for (const piece of piecesOf(scopeMetrics)) {
    const { dataPoints } = piece.metric;
    for (let from = 0; from < dataPoints.length; ) {
      const slice = dataPoints.slice(from, from + free);
      pieces.push({ ...piece, metric: Object.assign({ ...piece.metric }, { dataPoints: slice }) });
      from += slice.length;
      free -= slice.length;
      if (free > 0) continue;
      yield { resource, scopeMetrics: regrouped(pieces) };
      pieces = [];
      free = size;
    }
  }
  if (pieces.length > 0) yield { resource, scopeMetrics: regrouped(pieces) };
}

/** A family, or a part of it, and the scope it is from. */
interface Piece {
  readonly scope: ScopeMetrics['scope'];
  readonly metric: MetricData;
}

function piecesOf(scopeMetrics: readonly ScopeMetrics[]): Piece[] {
  return scopeMetrics.flatMap(({ scope, metrics }) => metrics.map((metric) => ({ scope, metric })));
}

function regrouped(pieces: readonly Piece[]): ScopeMetrics[] {
  const scopes = [...new Set(pieces.map(({ scope }) => scope))];
  return scopes.map((scope) => ({
    scope,
    metrics: pieces.filter((piece) => piece.scope === scope).map(({ metric }) => metric),
  }));
}
