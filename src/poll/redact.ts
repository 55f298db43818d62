import { inspect } from 'node:util';
import { PollError } from './errors.ts';

/** Shorter ones would also be found where they are not meant. */
const SHORTEST_KEY = 6;

/**
 * The error, free of the keys that were sent: a provider may echo one in a place that a message names.
 *
 * Anything but a {@link PollError} passes as it is: the reason of an aborted signal, or a bug.
 */
export function withoutKeys(error: unknown, keys: ReadonlySet<string>): unknown {
  if (!(error instanceof PollError)) return error;
  const secrets = secretsIn(keys);
  const holdsKey = (text: string) => secrets.some((key) => text.includes(key));
  if (!holdsKey(inspect(error, { depth: null }))) return error;

  const { reason, status, retryAt, cause } = error;
  const message = secrets.reduce((text, key) => text.replaceAll(key, '[key]'), error.message);
  return new PollError(reason, message, {
    ...(status === undefined ? {} : { status }),
    ...(retryAt === undefined ? {} : { retryAt }),
    ...(cause === undefined || holdsKey(inspect(cause, { depth: null })) ? {} : { cause }),
  });
}

/** An answer free of the keys that were sent: what a provider echoes must become no label, note or output. */
export function bytesWithoutKeys(bytes: Buffer, keys: ReadonlySet<string>): Buffer {
  const echoed = secretsIn(keys).filter((key) => bytes.includes(key));
  if (echoed.length === 0) return bytes;
  const text = echoed.reduce((rest, key) => rest.replaceAll(key, '[key]'), bytes.toString('latin1'));
  return Buffer.from(text, 'latin1');
}

function secretsIn(keys: ReadonlySet<string>): string[] {
  return [...keys].filter((key) => key.length >= SHORTEST_KEY);
}
