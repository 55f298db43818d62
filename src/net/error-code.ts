/** Node and undici give up a connection attempt on their own, earlier than a long timeout of ours. */
export const CONNECT_TIMEOUTS: ReadonlySet<string> = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT']);

/** The code of an error, else its name. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : nameOf(error);
}

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
