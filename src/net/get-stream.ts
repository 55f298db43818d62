import { addAbortSignal, type Readable } from 'node:stream';
import { startDeadline, untilAborted } from './deadline.ts';
import { type GetOptions, openOrigin } from './get-text.ts';

export interface StreamAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  readonly body: Readable;
}

/**
 * Requests a page of any length once and resolves to what `use` makes of it. The timeout counts until the answer begins, and again from
 * each part of its body to the next.
 *
 * @throws what the connection or `use` throws, or the signal's reason.
 */
export async function getStream<Result>(
  url: URL,
  { headers, tls, timeoutMs, signal }: GetOptions,
  use: (answer: StreamAnswer) => Promise<Result>,
): Promise<Result> {
  const dispatcher = openOrigin(url, tls);
  const deadline = startDeadline(signal, timeoutMs);
  try {
    const asked = dispatcher.request({
      origin: url.origin,
      method: 'GET',
      path: url.pathname + url.search,
      headers,
      signal: deadline.signal,
      bodyTimeout: timeoutMs,
    });
    const { statusCode: status, headers: found, body } = await untilAborted(deadline.signal, asked);
    deadline.end();
    addAbortSignal(signal, body);
    return await use({ status, header: (name) => [found[name]].flat()[0], body });
  } catch (error) {
    signal.throwIfAborted();
    throw deadline.expired()
      ? new DOMException(`no answer within ${timeoutMs / 1000} s`, 'TimeoutError')
      : error;
  } finally {
    deadline.end();
    await dispatcher.destroy();
  }
}
