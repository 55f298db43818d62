import { type Range, SECOND } from '../../core/values/time.ts';
import { planNow } from './plans.ts';
import { defineFeed, type Feed, type FeedContext, type RangeReading } from './provider.ts';
import { singleReader } from './readers.ts';
import type { Request } from './request.ts';

/** What tells one feed of a single request from another. */
interface SnapshotFeed<Config, Body>
  extends Omit<Feed<Config, Body>, 'plan' | 'ask' | 'reader' | 'jitterMs'> {
  /** Default: 30 seconds. */
  readonly jitterMs?: number;
  /** Default: {@link planNow}. */
  plan?(context: FeedContext<Config>): Range[];
  request(context: FeedContext<Config>, range: Range): Request<Body>;
  read(body: Body, context: FeedContext<Config>, range: Range): RangeReading;
}

/** A feed of one `GET` per range and one reading per answer. */
export function snapshotFeed<Config, Body>({
  request,
  read,
  ...feed
}: SnapshotFeed<Config, Body>): Feed<Config, unknown> {
  return defineFeed<Config, Body>({
    jitterMs: 30 * SECOND,
    plan: planNow,
    ...feed,
    async *ask(ask, range, context) {
      yield (await ask(request(context, range))).body;
    },
    reader: (range, context) => singleReader((body) => read(body, context, range)),
  });
}
