import assert from 'node:assert/strict';
import type { History } from '../../../src/core/history/history.ts';
import { addTo } from '../../../src/core/values/maps.ts';
import type { Fixed } from '../../../src/core/values/money.ts';
import { type Instant, MINUTE, type Range } from '../../../src/core/values/time.ts';
import { historyText } from '../../../src/sinks/prometheus/history-text.ts';

/** One series of a family, oldest sample first. */
export interface SeriesSamples {
  readonly family: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly { readonly at: Instant; readonly value: Fixed }[];
}

/** The samples of every series of a history, after checking that each is a gapless counter from 0. */
export function samplesOf(history: History, range: Range): SeriesSamples[] {
  return history.families.flatMap(({ metric, samples }) => {
    const told = new Map<object, { at: Instant; value: Fixed }[]>();
    const labels = new Map<object, Record<string, string>>();
    for (const tick of samples(range)) {
      for (const { series, value } of tick?.samples ?? []) {
        const known = told.get(series) ?? [];
        told.set(series, known);
        labels.set(series, Object.fromEntries(series.labels));
        known.push({ at: tick?.at ?? Number.NaN, value });
      }
    }
    return [...told].map(([series, all]) => {
      assertCounter(all);
      return { family: metric.name, labels: labels.get(series) ?? {}, samples: all };
    });
  });
}

function assertCounter(samples: SeriesSamples['samples']): void {
  assert.equal(samples[0]?.value, 0n, 'begins with 0');
  for (const [index, { at, value }] of samples.entries()) {
    const before = samples[index - 1];
    if (!before) continue;
    assert.ok(at > before.at, 'in the order of time');
    assert.ok(at - before.at <= 5 * MINUTE, 'no pause of more than 5 minutes');
    assert.ok(value >= before.value, 'never falls');
  }
}

/** Counters less corrections at an instant, by resource. */
export function netAt(told: readonly SeriesSamples[], at: Instant): Map<string, Fixed> {
  const net = new Map<string, Fixed>();
  for (const { family, labels, samples } of told) {
    const value = samples.findLast((sample) => sample.at <= at)?.value ?? 0n;
    addTo(net, labels.resource ?? '', family.includes('_corrections_') ? -value : value);
  }
  return net;
}

/** All of a history as text. */
export function textOf(history: History, parts: readonly Range[]): string {
  return parts.flatMap((part) => [...historyText(history, { part, labels: [] })]).join('');
}
