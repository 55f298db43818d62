import type { Ledger } from '../core/ledger.ts';
import type { Snapshot, SnapshotSource } from '../core/metrics/snapshot.ts';
import { DAY, HOUR, type Instant, MINUTE, startOfDay } from '../core/values/time.ts';

export interface Publisher extends SnapshotSource {
  /** Publishes soon: changes that come together are shown together. */
  changed(): void;
  /** Publishes now. */
  publish(): void;
  stop(): void;
}

export interface PublisherOptions {
  readonly ledger: Ledger;
  readonly now: () => Instant;
  /** How long a new series stands at 0 at the least, as it is configured now. */
  readonly zeroForMs: () => number;
  /** Hears of a failure to store what publishing needs stored; the last snapshot stays. */
  readonly failed: (error: unknown) => void;
}

/** Changes are shown together that come within this time: rendering many series is not free. */
const PUBLISH_EVERY_MS = 200;
/** Of thousands of accounts publishing takes long: no more than this share of the time, and a change is shown within seconds. */
const PUBLISHING_SHARE = 1 / 20;
const LONGEST_PAUSE_MS = 5000;

/** What is known also changes because nothing is read: a 0 becomes unknown once the readings are late. */
const PUBLISH_AGAIN_MS = HOUR;

/** Timers wake at least this often: the clock may have been set. */
const LONGEST_SLEEP_MS = MINUTE;

/**
 * Turns the ledger into snapshots: after each change, at midnight UTC, every hour, and when a series' time at 0 is over.
 *
 * What a snapshot shows is in the store before the snapshot exists.
 */
export function createPublisher({ ledger, now, zeroForMs, failed }: PublisherOptions): Publisher {
  const listeners = new Set<(snapshot: Snapshot) => void>();
  let snapshot: Snapshot = { version: 0, at: now(), families: [] };
  let soon: NodeJS.Timeout | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;
  let pauseMs = PUBLISH_EVERY_MS;
  let alarm: NodeJS.Timeout | undefined;
  let warming: NodeJS.Immediate | undefined;
  let stopped = false;

  const publish = () => {
    if (stopped) return;
    clearTimeout(soon);
    soon = undefined;
    lastAt = performance.now();
    try {
      const at = now();
      const holdEnds = ledger.expireZeroHolds(at, zeroForMs());
      snapshot = { ...ledger.publish(at), at };
      for (const listener of listeners) listener(snapshot);
      const tookMs = performance.now() - lastAt;
      pauseMs = Math.min(Math.max(PUBLISH_EVERY_MS, tookMs / PUBLISHING_SHARE), LONGEST_PAUSE_MS);
      wakeAt(Math.min(holdEnds ?? Number.POSITIVE_INFINITY, startOfDay(at) + DAY, at + PUBLISH_AGAIN_MS));
      warming ??= setImmediate(warm, false);
    } catch (error) {
      failed(error);
      wakeAt(now() + LONGEST_SLEEP_MS);
    }
  };

  /** Between the turns of others: what forecasts look back on is days of sums. */
  const warm = (isAnyNew: boolean) => {
    warming = undefined;
    if (stopped) return;
    try {
      if (ledger.preloadHistory(now())) warming = setImmediate(warm, true);
      else if (isAnyNew) changed();
    } catch (error) {
      failed(error);
    }
  };

  const changed = () => {
    soon ??= setTimeout(publish, Math.max(0, lastAt + pauseMs - performance.now()));
  };

  const wakeAt = (due: Instant) => {
    clearTimeout(alarm);
    const from = now();
    const wait = Math.min(Math.max(0, due - from), LONGEST_SLEEP_MS);
    // Also where the clock was set back: other windows hold now.
    alarm = setTimeout(() => (now() >= due || now() < from ? publish() : wakeAt(due)), wait);
    alarm.unref();
  };

  return {
    current: () => snapshot,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    carried({ version }) {
      if (stopped) return;
      try {
        if (ledger.markDelivered(version)) wakeAt(now());
      } catch (error) {
        failed(error);
      }
    },
    changed,
    publish,
    stop() {
      stopped = true;
      clearTimeout(soon);
      clearTimeout(alarm);
      clearImmediate(warming);
    },
  };
}
