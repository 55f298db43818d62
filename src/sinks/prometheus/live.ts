import type { Registry } from 'prom-client';
import { AccountBlocks, type PagePart } from './account-blocks.ts';
import { createScrapePace } from './collect.ts';
import { headerOf } from './encode.ts';
import { encodeRegistry } from './encode-registry.ts';
import type { Format } from './format.ts';
import { Block } from './gzip.ts';
import { createPace, type Pace } from './pace.ts';
import type { LiveMetrics } from './page.ts';

/** Renders prom-client registries. */
export interface LiveRenderer extends LiveMetrics {
  /** Something was counted: a scrape must see it, the next one unless it was counted for many accounts. */
  changed(): void;
}

/** Renders registries of accounts. */
export interface AccountsRenderer extends LiveRenderer {
  /** Everything as it stands, in text 0.0.4, however many accounts changed. */
  text(): Promise<string>;
}

interface Rendered {
  readonly revision: number;
  readonly at: number;
  readonly blocks: Promise<readonly Block[]>;
}

/** Reading `/proc` and the heap takes about a millisecond; figures that only those move may be this old. */
const FRESH_MS = 250;
/** A scrape brings up to date as many accounts; those of a handful are always as of the scrape. */
const MAX_ACCOUNTS_A_SCRAPE = 16;
/** Between scrapes, what changed is brought up to date this often, so that a scrape has to wait for little. */
const REFRESH_MS = 500;
/** So many at a time, so that a scrape does not find all of a thousand accounts not yet deflated. */
const ACCOUNTS_A_REFRESH = 64;
const REFRESH_SLICE_MS = 2;
/** As long as a scrape of more accounts takes, as a rule: a further turn of their event loop is worse than a longer one. */
const LARGE_SLICE_MS = 10;
const MAX_SLICE_MS = 20;

/**
 * prom-client only counts here; its own text is not used. That would need registries per format (its OpenMetrics output renames the
 * counters for good), writes `Nan`, knows no UNIT, leaves quotes in HELP bare and renders everything without a pause. One set
 * of registries also means one of event-loop monitors.
 */
export function createLiveRenderer(
  accounts: () => Iterable<PagePart>,
  own: Registry,
  now?: () => number,
): AccountsRenderer {
  const kept = new AccountBlocks(accounts);
  const refresh = createRefresh(async () => {
    const pace = createPace(REFRESH_SLICE_MS, MAX_SLICE_MS);
    for (let isMore = true; isMore; ) {
      isMore = await kept.encode(pace, ACCOUNTS_A_REFRESH);
      await kept.deflate(pace);
    }
  });
  const upTo = async (limit: number, format: Format, pace: Pace) => {
    await kept.encode(pace, limit);
    const volatile = await blockOf(own, format, pace);
    return [...kept.blocks(format), volatile];
  };
  const { render, changed } = createFreshRenderer(async (format) => {
    const isLarge = [...accounts()].length > MAX_ACCOUNTS_A_SCRAPE;
    const pace = isLarge ? createPace(LARGE_SLICE_MS, MAX_SLICE_MS) : createScrapePace();
    return upTo(MAX_ACCOUNTS_A_SCRAPE, format, pace);
  }, now);
  return {
    render,
    async text() {
      const blocks = await upTo(Number.POSITIVE_INFINITY, 'text', createScrapePace());
      return Buffer.concat(blocks.map(({ plain }) => plain)).toString();
    },
    changed() {
      changed();
      refresh();
    },
  };
}

/** Does work some time after it was asked for, and never twice at a time. What fails is told by the scrape. */
function createRefresh(work: () => Promise<void>): () => void {
  let isAsked = false;
  let isRunning = false;
  const start = () => {
    isRunning = true;
    setTimeout(() => void run(), REFRESH_MS).unref();
  };
  const run = async () => {
    isAsked = false;
    await work().catch(() => undefined);
    isRunning = false;
    if (isAsked) start();
  };
  return () => {
    isAsked = true;
    if (!isRunning) start();
  };
}

/** All families of a registry that moves by itself. */
async function blockOf(registry: Registry, format: Format, pace: Pace): Promise<Block> {
  const families = await encodeRegistry(registry, pace);
  const bytes = families.flatMap(({ family, [format]: lines }) => [
    Buffer.from(headerOf(family, format)),
    lines,
  ]);
  return new Block(Buffer.concat(bytes));
}

/**
 * Renders anew what something was counted in since, or what is no longer fresh; one rendering of a format at a time, so that those who
 * ask meanwhile share the next.
 */
export function createFreshRenderer(
  encode: LiveMetrics['render'],
  now: () => number = () => performance.now(),
): LiveRenderer {
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
    changed() {
      revision += 1;
    },
    render(format) {
      const known = rendered.get(format);
      if (known && isFresh(known)) return known.blocks;
      const before = running.get(format);
      const blocks = queued.get(format) ?? (before ? beginLater(format, before) : begin(format));
      if (before) queued.set(format, blocks);
      return blocks;
    },
  };
}
