import type { IncomingHttpHeaders } from 'node:http';
import type { Fixed } from '../../../src/core/values/money.ts';
import type { Instant, Range } from '../../../src/core/values/time.ts';
import type { BookedRow, Entry } from './books.ts';
import type { SimulatedFault, WaitStyle } from './faults.ts';
import type { Reply } from './reply.ts';
import type { Truth } from './truth.ts';

/** A request, as a provider sees it. */
export interface SimulatedCall {
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The provider's time. */
  readonly now: Instant;
  readonly fault: SimulatedFault | undefined;
  /** The JSON of a preview; undefined of a `GET`. */
  readonly preview?: unknown;
}

/** One provider, without its socket. */
export interface Service {
  /** Paths that answer a `POST` because it changes nothing: all others are refused one. */
  readonly previews?: RegExp;
  answer(call: SimulatedCall): Reply;
  /** The provider's own shape of an error. */
  refuse(status: number, call: SimulatedCall): Reply;
  /** The provider's own way to say 429. */
  throttle(waitSeconds: number, style: WaitStyle, call: SimulatedCall): Reply;
  /** Adds what every answer carries and counts what the provider counts. */
  finish?(reply: Reply, call: SimulatedCall): Reply;
}

/** A received request, without its key. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  /** Decoded, a repeated name once. */
  readonly query: Readonly<Record<string, string>>;
  readonly at: Instant;
  /** `Bearer`, `Api-Key`, or `""` where no authorization came. */
  readonly scheme: string;
  /** The number of other requests in flight when it arrived. */
  readonly inFlight: number;
  /** 0 until an answer was sent. */
  readonly status: number;
  /** The completed bucket that the answer was about, if it was about one. */
  readonly told?: Range;
}

/** Money that a test spends, whatever rows the provider has for it. */
export interface Spent {
  /** Restates it, up or down. */
  revise(usd: Fixed): void;
  /** Takes it back. */
  remove(): void;
}

/** A provider on loopback. */
export interface Simulator<Row extends BookedRow = BookedRow> {
  readonly url: string;
  /** The key it accepts. */
  readonly key: string;
  readonly requests: readonly RecordedRequest[];
  /** Arms a fault for the paths that match, or for all; undefined disarms. */
  fault(fault: SimulatedFault | undefined, paths?: RegExp): void;
  /** Books a row by hand. */
  book(row: Row): Entry<Row>;
  /** Books dollars, to eight digits, in the simplest row that costs something. */
  spend(at: Instant, usd: Fixed): Spent;
  /** Sums of the provider's books over a range, as they stand at `now` (the clock's time when absent). */
  truth(range: Range, now?: Instant): Truth;
  close(): Promise<void>;
}
