import { inspect } from 'node:util';
import { PollError } from '../../providers/api/errors.ts';
import { createKeyRedactor } from '../../runtime/secrets.ts';

/**
 * Redacts the keys that were sent from an error: a provider may echo one in a place that a message quotes.
 *
 * Only a {@link PollError} is redacted; the reason of an aborted signal and internal errors pass unchanged.
 */
export function redactKeys(error: unknown, keys: ReadonlySet<string>): unknown {
  if (!(error instanceof PollError)) return error;
  const redact = createKeyRedactor(keys);
  const holdsKey = (text: string) => redact(text) !== text;
  if (!holdsKey(inspect(error, { depth: null }))) return error;

  const { reason, status, retryAt, advice, cause } = error;
  return new PollError(reason, redact(error.message), {
    ...(status === undefined ? {} : { status }),
    ...(retryAt === undefined ? {} : { retryAt }),
    ...(advice === undefined ? {} : { advice }),
    ...(cause === undefined || holdsKey(inspect(cause, { depth: null })) ? {} : { cause }),
  });
}
