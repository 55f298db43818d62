import type { Book } from './book.ts';
import type { AccountSettings, StreamSettings } from './ledger.ts';
import type { Instant } from './time.ts';
import { isKnown, type Reach, WINDOWS, type Window, windowAt } from './windows.ts';

/** What is needed to say what can be shown. */
export interface PublishInput {
  readonly book: Book;
  /** Accounts that are configured; others are kept in the ledger and not shown. */
  readonly accounts: ReadonlyMap<number, AccountSettings>;
  readonly now: Instant;
  readonly since: (account: number, stream: string) => Instant;
}

/** Which windows of a stream can be shown at `now`. */
export function knownWindows(input: PublishInput, id: number): Window[] {
  const reach = reachOf(input, id);
  return reach ? WINDOWS.filter((window) => isKnown(windowAt(window, input.now), reach)) : [];
}

/** What was read of a stream; undefined where its account is not configured. */
export function reachOf(input: PublishInput, id: number): Reach | undefined {
  const { book, since } = input;
  const stream = book.streams.get(id);
  const settings = settingsOf(input, id);
  if (!stream || !settings) return undefined;
  return {
    covered: book.covered(id),
    through: knownThrough(book, id, settings.granularities),
    since: since(stream.account, stream.name),
    lagMs: settings.lagMs,
  };
}

/** What the configuration says of a stream; undefined where its account is not configured. */
export function settingsOf({ book, accounts }: PublishInput, id: number): StreamSettings | undefined {
  const stream = book.streams.get(id);
  return stream && accounts.get(stream.account)?.streams.find(({ name }) => name === stream.name);
}

/** The newest instant that any reading of the stream knows of. */
function knownThrough(book: Book, stream: number, granularities: StreamSettings['granularities']): Instant {
  let through = Number.NEGATIVE_INFINITY;
  for (const granularity of granularities) {
    const last = book.runs(stream, granularity, 'newest').at(-1);
    if (last) through = Math.max(through, Math.min(last.end, last.asOf));
  }
  return through;
}
