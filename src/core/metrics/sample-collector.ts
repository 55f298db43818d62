import { METRICS, type Metric } from './catalog.ts';
import type { Family, Sample } from './snapshot.ts';

/** Collects the samples of a snapshot by family, and counts those of each account. */
export class SampleCollector {
  readonly #samples = new Map<string, Sample[]>();
  readonly #counts = new Map<number, number>();

  of({ name }: Pick<Metric, 'name'>): Sample[] {
    const known = this.#samples.get(name) ?? [];
    this.#samples.set(name, known);
    return known;
  }

  add(account: number, family: Pick<Metric, 'name'>, sample: Sample): void {
    this.count(account, 1);
    this.of(family).push(sample);
  }

  count(account: number, samples: number): void {
    this.#counts.set(account, this.countOf(account) + samples);
  }

  countOf(account: number): number {
    return this.#counts.get(account) ?? 0;
  }

  /** The families that have samples, in the order of the catalogue. */
  families(): Family[] {
    return Object.values<Metric>(METRICS).flatMap((metric) => {
      const shapes = metric.corrections ? [metric, { ...metric, ...metric.corrections }] : [metric];
      return shapes.flatMap(({ name, type, help, labels }) => {
        const samples = this.#samples.get(name);
        return samples?.length ? [{ name, type, help, labels, samples }] : [];
      });
    });
  }
}
