import { inspect } from 'node:util';
import { PollError } from '../../providers/api/errors.ts';
import { createKeyRedactor } from '../../runtime/secrets.ts';

/**
 * The error, free of the keys that were sent: a provider may echo one in a place that a message names.
 *
 * Anything but a {@link PollError} passes as it is: the reason of an aborted signal, or a bug.
 */
export function withoutKeys(error: unknown, keys: ReadonlySet<string>): unknown {
  if (!(error instanceof PollError)) return error;
  const redact = createKeyRedactor(keys);
  const holdsKey = (text: string) => redact(text) !== text;
  if (!holdsKey(inspect(error, { depth: null }))) return error;

  const { reason, status, retryAt, cause } = error;
  return new PollError(reason, redact(error.message), {
    ...(status === undefined ? {} : { status }),
    ...(retryAt === undefined ? {} : { retryAt }),
    ...(cause === undefined || holdsKey(inspect(cause, { depth: null })) ? {} : { cause }),
  });
}
