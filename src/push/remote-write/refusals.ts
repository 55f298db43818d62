import type { SeriesLabels, WriteSample } from './sample.ts';

/** A series of which the receiver refused samples. */
export interface RefusedSeries {
  readonly labels: SeriesLabels;
  /** What the receiver said to the first of them. */
  readonly reason: string;
  /** How many were refused; at most so many if the receiver does not say. */
  readonly samples: number;
}

/** The series that were refused, and those that were when they were sent last. */
export class Refusals {
  readonly #refused = new Map<SeriesLabels, RefusedSeries>();
  readonly #suspects = new Set<SeriesLabels>();

  get list(): readonly RefusedSeries[] {
    return [...this.#refused.values()];
  }

  /** Whether the series was refused when it was sent last. */
  isSuspect({ labels }: WriteSample): boolean {
    return this.#suspects.has(labels);
  }

  /** Notes that samples were refused, all except `written`. */
  refused(samples: readonly WriteSample[], reason: string, written = 0): void {
    const series = Map.groupBy(samples, ({ labels }) => labels);
    for (const [labels, { length }] of series) {
      const before = this.#refused.get(labels) ?? { labels, reason, samples: 0 };
      const count = series.size === 1 ? length - written : length;
      this.#refused.set(labels, { ...before, samples: before.samples + count });
      this.#suspects.add(labels);
    }
  }

  accepted(samples: readonly WriteSample[]): void {
    for (const { labels } of samples) this.#suspects.delete(labels);
  }
}
