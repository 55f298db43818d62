import { type Range, SECOND } from '../../core/values/time.ts';
import { planNow } from './plans.ts';
import { defineFeed, type Feed, type FeedContext, type RangeReading, type Reader } from './provider.ts';
import type { Request } from './request.ts';
import { type Steps, takeAll } from './steps.ts';

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

/** For answers that are a whole: there are no pages to fold. */
export function singleReader<Page>(read: (page: Page) => RangeReading): Reader<Page> {
  return pagesReader((pages) => {
    const [page] = pages;
    if (page === undefined || pages.length > 1)
      throw new RangeError(`${pages.length} answers in place of one`);
    return read(page);
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
