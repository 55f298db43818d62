import type { Registry } from 'prom-client';
import { AccountBlocks, type PagePart } from './account-blocks.ts';
import { createScrapePace } from './collect.ts';
import { headerOf } from './encode.ts';
import { encodeRegistry } from './encode-registry.ts';
import type { Format } from './format.ts';
import { Block } from './gzip.ts';
import { createPace, type Pace } from './pace.ts';
import type { LiveMetrics } from './page.ts';

interface Rendered {
  readonly revision: number;
  readonly at: number;
  readonly blocks: Promise<readonly Block[]>;
}

/** Reading `/proc` and the heap takes about a millisecond; values that only they change may be this old. */
const FRESH_MS = 250;
/** A scrape updates this many accounts; a handful of accounts is always current. */
const MAX_ACCOUNTS_PER_SCRAPE = 16;
/** How often changed accounts are updated between scrapes, so that a scrape has little to do. */
const REFRESH_MS = 500;
/** Deflates after this many accounts, so that a scrape does not have to deflate a thousand of them. */
const ACCOUNTS_PER_REFRESH = 64;
const REFRESH_SLICE_MS = 2;
/** About the duration of a scrape of more accounts: another iteration of a busy event loop is worse than a longer one. */
const LARGE_SLICE_MS = 10;
const MAX_SLICE_MS = 20;

/**
 * prom-client only counts; its own text is not used, because that needs registries per format (OpenMetrics output renames counters
 * permanently), writes `Nan`, has no UNIT, does not escape quotes in HELP and renders everything without a pause. One set of
 * registries also means one set of event-loop monitors.
 */
export function createLiveRenderer(accounts: () => Iterable<PagePart>, own: Registry, now?: () => number) {
  const cached = new AccountBlocks(accounts);
  const refresh = createRefresh(async () => {
    const pace = createPace(REFRESH_SLICE_MS, MAX_SLICE_MS);
    for (let isMore = true; isMore; ) {
      isMore = await cached.encode(pace, ACCOUNTS_PER_REFRESH);
      await cached.deflate(pace);
    }
  });
  const renderUpTo = async (limit: number, format: Format, pace: Pace) => {
    await cached.encode(pace, limit);
    const volatile = await blockOf(own, format, pace);
    return [...cached.blocks(format), volatile];
  };
  const { render, changed } = createFreshRenderer(async (format) => {
    const isLarge = [...accounts()].length > MAX_ACCOUNTS_PER_SCRAPE;
    const pace = isLarge ? createPace(LARGE_SLICE_MS, MAX_SLICE_MS) : createScrapePace();
    return renderUpTo(MAX_ACCOUNTS_PER_SCRAPE, format, pace);
  }, now);
  return {
    render,
    /** The current metrics of all accounts, in text 0.0.4. */
    async text(): Promise<string> {
      const blocks = await renderUpTo(Number.POSITIVE_INFINITY, 'text', createScrapePace());
      return Buffer.concat(blocks.map(({ plain }) => plain)).toString();
    },
    /** Something was counted: the next scrape must include it, unless many accounts changed. */
    changed(): void {
      changed();
      refresh();
    },
  };
}

/** Runs work some time after it was requested, once at a time. The next scrape reports failures. */
function createRefresh(work: () => Promise<void>): () => void {
  let isRequested = false;
  let isRunning = false;
  const start = () => {
    isRunning = true;
    setTimeout(() => void run(), REFRESH_MS).unref();
  };
  const run = async () => {
    isRequested = false;
    await work().catch(() => undefined);
    isRunning = false;
    if (isRequested) start();
  };
  return () => {
    isRequested = true;
    if (!isRunning) start();
  };
}

/** All families of a registry whose values change by themselves. */
async function blockOf(registry: Registry, format: Format, pace: Pace): Promise<Block> {
  const families = await encodeRegistry(registry, pace);
  const bytes = families.flatMap(({ family, [format]: lines }) => [
    Buffer.from(headerOf(family, format)),
    lines,
  ]);
  return new Block(Buffer.concat(bytes));
}

/**
 * Renders again after a change, or when the last rendering is no longer fresh; one rendering of a format at a time, so that
 * concurrent scrapes share the next one.
 */
export function createFreshRenderer(
  encode: LiveMetrics['render'],
  now: () => number = () => performance.now(),
) {
  const rendered = new Map<Format, Rendered>();
  const running = new Map<Format, Promise<readonly Block[]>>();
  const queued = new Map<Format, Promise<readonly Block[]>>();
  let revision = 0;
  const isFresh = ({ revision: of, at }: Rendered) => of === revision && now() - at < FRESH_MS;
  const begin = (format: Format): Promise<readonly Block[]> => {
    const blocks = encode(format);
    rendered.set(format, { revision, at: now(), blocks });
    running.set(format, blocks);
    const ended = () => running.delete(format);
    blocks.then(ended, ended);
    return blocks;
  };
  const beginLater = async (format: Format, before: Promise<readonly Block[]>): Promise<readonly Block[]> => {
    await before.catch(() => undefined);
    queued.delete(format);
    return begin(format);
  };
  return {
    changed(): void {
      revision += 1;
    },
    render(format: Format): Promise<readonly Block[]> {
      const known = rendered.get(format);
      if (known && isFresh(known)) return known.blocks;
      const before = running.get(format);
      const blocks = queued.get(format) ?? (before ? beginLater(format, before) : begin(format));
      if (before) queued.set(format, blocks);
      return blocks;
    },
  };
}
