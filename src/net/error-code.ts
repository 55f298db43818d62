/** Node and undici have connect timeouts of their own, which may be shorter than ours. */
export const CONNECT_TIMEOUTS: ReadonlySet<string> = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT']);

/** The code of an error, or its name if it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : nameOf(error);
}

/** A proxy's refusal to connect, such as 407 if it requires a password. */
export function refusalOfProxy(error: unknown): string | undefined {
  const status = error instanceof Error ? /^Proxy response \((\d{3})\)/.exec(error.message)?.[1] : undefined;
  return status && `the proxy answered ${status}`;
}

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
