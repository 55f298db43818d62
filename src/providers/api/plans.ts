import type { Instant, Range } from '../../core/values/time.ts';
import type { FeedContext } from './provider.ts';

/** The plan of a feed whose answer says by itself what time it is about: one range that ends now. */
export function planNow({ now }: Pick<FeedContext<unknown>, 'now'>): Range[] {
  return [{ start: now, end: now }];
}

/** The starts of the buckets of a range that begins with one, oldest first. */
export function bucketsIn(sizeMs: number, { start, end }: Range): Instant[] {
  const count = Math.max(0, Math.ceil((end - start) / sizeMs));
  return Array.from({ length: count }, (_, index) => start + index * sizeMs);
}

export function isWithin({ start, end }: Range, at: Instant): boolean {
  return start <= at && at < end;
}
