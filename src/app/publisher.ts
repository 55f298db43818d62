import type { Ledger } from '../core/ledger.ts';
import type { Snapshot, SnapshotSource } from '../core/metrics/snapshot.ts';
import { DAY, HOUR, type Instant, MINUTE, startOfDay } from '../core/values/time.ts';

export interface PublisherOptions {
  readonly ledger: Ledger;
  readonly now: () => Instant;
  /** How long a new series is held at 0, as currently configured. */
  readonly zeroForMs: () => number;
  /** Called if what publishing needs cannot be stored; the previous snapshot is kept. */
  readonly failed: (error: unknown) => void;
}

/** Changes within this time are published together: rendering many series is not free. */
const MIN_PAUSE_MS = 200;
/** With thousands of accounts publishing is slow: it may take this share of the time, and a change is published within seconds. */
const PUBLISHING_SHARE = 1 / 20;
const MAX_PAUSE_MS = 5000;

/** Some values change although nothing is read: a 0 becomes unknown once the readings are late. */
const REPUBLISH_MS = HOUR;

/** Timers wake at least this often: the clock may have been set. */
const MAX_SLEEP_MS = MINUTE;

/**
 * Turns the ledger into snapshots: after each change, at midnight UTC, every hour, and when the zero hold of a series expires.
 *
 * What a snapshot shows is in the store before the snapshot exists.
 */
export class Publisher implements SnapshotSource {
  readonly #options: PublisherOptions;
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  #snapshot: Snapshot;
  #publishedAt = Number.NEGATIVE_INFINITY;
  #pauseMs = MIN_PAUSE_MS;
  #soon: NodeJS.Timeout | undefined;
  #alarm: NodeJS.Timeout | undefined;
  #preloading: NodeJS.Immediate | undefined;
  #isStopped = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#snapshot = { version: 0, at: options.now(), families: [] };
  }

  current(): Snapshot {
    return this.#snapshot;
  }

  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  carried({ version }: Snapshot): void {
    if (this.#isStopped) return;
    this.#attempt(() => {
      if (this.#options.ledger.markDelivered(version)) this.#wakeAt(this.#options.now());
    });
  }

  /** Publishes soon: changes in quick succession are published together. */
  changed(): void {
    const dueMs = this.#publishedAt + this.#pauseMs - performance.now();
    this.#soon ??= setTimeout(() => this.publish(), Math.max(0, dueMs));
  }

  publish(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#publishedAt = performance.now();
    if (!this.#attempt(() => this.#publishNow())) this.#wakeAt(this.#options.now() + MAX_SLEEP_MS);
  }

  #publishNow(): void {
    const { ledger, now, zeroForMs } = this.#options;
    const at = now();
    const holdExpiresAt = ledger.expireZeroHolds(at, zeroForMs()) ?? Number.POSITIVE_INFINITY;
    this.#snapshot = { ...ledger.publish(at), at };
    for (const listener of this.#listeners) listener(this.#snapshot);
    const tookMs = performance.now() - this.#publishedAt;
    this.#pauseMs = Math.min(Math.max(MIN_PAUSE_MS, tookMs / PUBLISHING_SHARE), MAX_PAUSE_MS);
    this.#wakeAt(Math.min(holdExpiresAt, startOfDay(at) + DAY, at + REPUBLISH_MS));
    this.#preloading ??= setImmediate(() => this.#preload(false));
  }

  /** Loads the days that forecasts look back on, one per turn of the event loop. */
  #preload(hasLoaded: boolean): void {
    this.#preloading = undefined;
    this.#attempt(() => {
      if (this.#options.ledger.preloadHistory(this.#options.now()))
        this.#preloading = setImmediate(() => this.#preload(true));
      else if (hasLoaded) this.changed();
    });
  }

  #attempt(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#options.failed(error);
      return false;
    }
  }

  #wakeAt(due: Instant): void {
    clearTimeout(this.#alarm);
    const from = this.#options.now();
    const wake = () => {
      const now = this.#options.now();
      // Also if the clock was set back: windows have changed.
      if (now >= due || now < from) this.publish();
      else this.#wakeAt(due);
    };
    this.#alarm = setTimeout(wake, Math.min(Math.max(0, due - from), MAX_SLEEP_MS)).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#soon);
    clearTimeout(this.#alarm);
    clearImmediate(this.#preloading);
  }
}
