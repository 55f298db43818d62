import type { Family, Snapshot, SnapshotSource } from '../../../src/core/metrics/snapshot.ts';

/** A source whose snapshots a test publishes by hand. */
export interface FakeSource extends SnapshotSource {
  publish(families: readonly Family[]): Snapshot;
  /** Versions that reached a reader, in order. */
  readonly carriedVersions: number[];
  listeners(): number;
}

/** Starts with a snapshot of `families`, version 1. */
export function createFakeSource(families: readonly Family[] = []): FakeSource {
  const listeners = new Set<(snapshot: Snapshot) => void>();
  const carriedVersions: number[] = [];
  let snapshot: Snapshot = { version: 1, at: 0, families };
  return {
    current: () => snapshot,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    carried: ({ version }) => void carriedVersions.push(version),
    publish(next) {
      snapshot = { version: snapshot.version + 1, at: 0, families: next };
      for (const listener of listeners) listener(snapshot);
      return snapshot;
    },
    carriedVersions,
    listeners: () => listeners.size,
  };
}

/** `series` samples of one counter family, each holding `value`. */
export function counterFamily(series: number, value: number, name = 'ai_billing_cost_usd_total'): Family {
  const samples = Array.from({ length: series }, (_, index) => ({ labels: [`resource-${index}`], value }));
  return { name, type: 'counter', help: 'US dollars.', labels: ['resource'], samples };
}
