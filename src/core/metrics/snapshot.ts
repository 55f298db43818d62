import type { Instant } from '../values/time.ts';
import type { Metric } from './catalog.ts';

/** One exposed series and its value. */
export interface Sample {
  /** Values of the family's labels, in the family's order. */
  readonly labels: readonly string[];
  readonly value: number;
  /** When the series was first 0. Of counters only. */
  readonly createdAt?: Instant;
}

/** One exposed family. A counter's twin is a family of its own, right behind it. */
export interface Family {
  readonly name: string;
  readonly type: Metric['type'];
  readonly help: string;
  readonly labels: readonly string[];
  readonly samples: readonly Sample[];
}

/** The immutable set of samples published after a change. */
export interface Snapshot {
  /** Counts publications; never reused within a process. */
  readonly version: number;
  readonly at: Instant;
  readonly families: readonly Family[];
}

/** Where sinks find what to show. */
export interface SnapshotSource {
  current(): Snapshot;
  /** Calls back after each publication. Returns how to stop it. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void;
  /** A sink says that this snapshot reached a reader: series held at 0 count as shown from now on. */
  carried(snapshot: Snapshot): void;
}
