import type { Instant } from '../../core/values/time.ts';
import { startDeadline } from '../../net/deadline.ts';
import { createPostClient, type PostClient } from '../post-client.ts';
import { type RetryTiming, retry } from '../retry.ts';
import { createSanitizer, type Sanitizer } from '../sanitize.ts';
import { type Accepted, type Rejected, resultOfWrite, type WriteResult } from './answer.ts';
import { encodeRequest, type WriteVersion } from './encode.ts';
import type { WriteReceiver } from './receiver.ts';
import type { WriteSample } from './sample.ts';

export interface SenderOptions extends Pick<RetryTiming, 'now' | 'wait' | 'random' | 'signal'> {
  readonly receiver: WriteReceiver;
  /** Name and version of the program, such as `ai-billing-exporter/1.0.0`. */
  readonly userAgent: string;
}

/** The receiver did not accept a request for a reason that is not its samples: sending ends. */
export class RemoteWriteError extends Error {
  override readonly name = 'RemoteWriteError';
}

/** Sends requests to one receiver, in 2.0 until the receiver turns out not to understand it. */
export class WriteSender {
  readonly #options: SenderOptions;
  readonly #client: PostClient;
  readonly #sanitize: Sanitizer;
  #version: WriteVersion = '2.0';

  /** @throws when the receiver's certificates or key cannot be used. */
  constructor(options: SenderOptions) {
    this.#options = options;
    this.#client = createPostClient(options.receiver, options);
    this.#sanitize = createSanitizer(options.receiver);
  }

  /**
   * Sends samples with retries.
   *
   * @throws {RemoteWriteError} if the receiver refuses every request, or does not accept one in time.
   */
  async send(samples: readonly WriteSample[]): Promise<Accepted | Rejected> {
    const { receiver, now, signal } = this.#options;
    const until: Instant = now() + receiver.giveUpAfterMs;
    const timing = { ...this.#options, until, retried: () => {} };
    const result = await retry((attempt) => this.#negotiate(samples, attempt), timing);
    signal.throwIfAborted();
    if (result.kind === 'accepted' || result.kind === 'rejected') return result;
    const { host } = new URL(receiver.url);
    const hint = result.kind === 'refused' ? hintFor(result.reason) : 'is it up and reachable?';
    throw new RemoteWriteError(`${host} does not accept remote write: ${result.message}; ${hint}`);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #negotiate(samples: readonly WriteSample[], signal: AbortSignal) {
    const result = await this.#post(samples, signal);
    if (result.kind !== 'unsupported') return result;
    this.#version = '1.0';
    const again = await this.#post(samples, signal);
    return again.kind === 'unsupported'
      ? ({ kind: 'refused', reason: 'refused', message: again.message } as const)
      : again;
  }

  async #post(samples: readonly WriteSample[], signal: AbortSignal): Promise<WriteResult> {
    const { receiver, now } = this.#options;
    const version = this.#version;
    const deadline = startDeadline(signal, receiver.timeoutMs);
    try {
      return await this.#client.post(encodeRequest(samples, version), deadline.signal, (answer) =>
        resultOfWrite(answer, { version, sent: samples.length }, this.#sanitize, now()),
      );
    } finally {
      deadline.end();
    }
  }
}

function hintFor(reason: string): string {
  return reason === 'auth'
    ? 'check the credentials'
    : 'is the URL that of a remote write receiver, and is the receiver enabled?';
}
