import type { Instant } from '../values/time.ts';
import type { Metric } from './catalog.ts';

export interface Sample {
  /** Values of the family's labels, in the family's order. */
  readonly labels: readonly string[];
  readonly value: number;
  /** When the series was first 0. Counters only. */
  readonly createdAt?: Instant;
}

/** One exposed family. The corrections of a counter are a family of their own, directly after it. */
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

export interface SnapshotSource {
  current(): Snapshot;
  /** Calls the listener after each publication. Returns a function that unsubscribes it. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void;
  /** Reports that a snapshot reached a reader: series held at 0 count as shown from now on. */
  carried(snapshot: Snapshot): void;
}
