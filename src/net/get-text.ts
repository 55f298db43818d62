import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { openConnections } from './connections.ts';
import { startDeadline, untilAborted } from './deadline.ts';

export interface GetOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** PEM texts; the runtime's defaults apply to absent ones. */
  readonly tls: Pick<SecureContextOptions, 'ca' | 'cert' | 'key'>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface TextAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * Requests a page once, directly or through the proxies of the environment. Redirects are not followed.
 *
 * @throws what the connection throws, or the signal's reason; a `TimeoutError` after `timeoutMs`.
 */
export async function getText(
  url: URL,
  { headers, tls, timeoutMs, signal }: GetOptions,
): Promise<TextAnswer> {
  const deadline = startDeadline(signal, timeoutMs);
  const dispatcher = openOrigin(url, tls);
  try {
    const path = url.pathname + url.search;
    const asked = dispatcher.request({
      origin: url.origin,
      method: 'GET',
      path,
      headers,
      signal: deadline.signal,
    });
    const { statusCode: status, body } = await untilAborted(deadline.signal, asked);
    return { status, text: await body.text() };
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

/** One connection to the server of an address. */
export function openOrigin({ origin, protocol }: URL, tls: GetOptions['tls']) {
  const secureContext = protocol === 'https:' ? createSecureContext(tls) : undefined;
  const options = { origin, connections: 1, connectTimeoutMs: 0 };
  return openConnections({ ...options, ...(secureContext && { secureContext }) }).dispatcher;
}
