/** Node and undici give up a connection attempt on their own, earlier than a long timeout of ours. */
export const CONNECT_TIMEOUTS: ReadonlySet<string> = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT']);

/** The code of an error, else its name. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : nameOf(error);
}

/** What a proxy answered that would not make a connection, such as 407 where it wants a password. */
export function refusalOfProxy(error: unknown): string | undefined {
  const status = error instanceof Error ? /^Proxy response \((\d{3})\)/.exec(error.message)?.[1] : undefined;
  return status && `the proxy answered ${status}`;
}

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
