import { type Range, SECOND } from '../../core/values/time.ts';
import { planNow } from './plans.ts';
import { defineFeed, type Feed, type FeedContext, type RangeReading, type Reader } from './provider.ts';
import type { Ask, Request } from './request.ts';
import { type Steps, takeAll } from './steps.ts';

/** What tells one feed of a single answer from another. */
type SnapshotFeed<Config, Body> = Omit<Feed<Config, Body>, 'plan' | 'ask' | 'reader' | 'jitterMs'> & {
  /** Default: 30 seconds. */
  readonly jitterMs?: number;
  /** Default: {@link planNow}. */
  plan?(context: FeedContext<Config>): Range[];
  read(body: Body, context: FeedContext<Config>, range: Range): RangeReading;
} & (
    | { request(context: FeedContext<Config>, range: Range): Request<Body> }
    | { ask(ask: Ask, context: FeedContext<Config>): Promise<Body> }
  );

/** A feed of one answer per range, by one `GET` or by several that are one whole, and one reading per answer. */
export function snapshotFeed<Config, Body>({
  read,
  ...feed
}: SnapshotFeed<Config, Body>): Feed<Config, unknown> {
  return defineFeed<Config, Body>({
    jitterMs: 30 * SECOND,
    plan: planNow,
    ...feed,
    async *ask(ask, range, context) {
      if ('ask' in feed) yield await feed.ask(ask, context);
      else yield (await ask(feed.request(context, range))).body;
    },
    reader: (range, context) =>
      pagesReader((pages) => {
        const [body] = pages;
        if (body === undefined) throw new RangeError('no answer');
        return read(body, context, range);
      }),
  });
}

/** For answers that are read side by side. */
export function pagesReader<Page>(read: (pages: readonly Page[]) => RangeReading): Reader<Page> {
  const pages: Page[] = [];
  return { add: (page) => void pages.push(page), finish: () => read(pages) };
}

/** The same for answers so large that reading them at once takes long. */
export function steppedReader<Page>(read: (pages: readonly Page[]) => Steps<RangeReading>): Reader<Page> {
  const pages: Page[] = [];
  return {
    add: (page) => void pages.push(page),
    finish: () => takeAll(read(pages)),
    finishInSteps: () => read(pages),
  };
}
