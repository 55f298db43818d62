import type { SeriesReport, Step } from '../../../core/reports/cost-series.ts';
import { DAY, HOUR, type Instant, startOfMonth } from '../../../core/values/time.ts';
import { bucketText } from '../../api/series-answer.ts';
import { clockText, dayText, monthText } from '../format.ts';

/** A bar of the chart and a row of its table. */
export interface Bucket {
  readonly start: Instant;
  readonly end: Instant;
  /** As the API writes it. */
  readonly id: string;
  readonly name: string;
  /** Short, for the axis. */
  readonly tick: string;
  /** It has not ended: more will be added to it. */
  readonly isOpen: boolean;
}

export function bucketsOf({ buckets, step }: SeriesReport, now: Instant): Bucket[] {
  return buckets.map((start): Bucket => {
    const end = endOf(start, step);
    return { start, end, id: bucketText(step, start), isOpen: end > now, ...namesOf(start, step, now) };
  });
}

function endOf(start: Instant, step: Step): Instant {
  if (step === 'month') return startOfMonth(start, 1);
  return start + (step === 'day' ? DAY : HOUR);
}

function namesOf(start: Instant, step: Step, now: Instant): Pick<Bucket, 'name' | 'tick'> {
  if (step === 'hour') return { name: `${dayText(start, now)}, ${clockText(start)}`, tick: clockText(start) };
  if (step === 'month') return { name: monthText(start), tick: monthText(start) };
  return { name: dayText(start, now), tick: dayText(start, now) };
}
