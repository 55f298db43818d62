import { z } from 'zod';
import { PollError, reasonOfStatus } from '../api/errors.ts';
import { type Request, titleOf } from '../api/request.ts';

// https://inference.sh/docs/api/rest/overview

const EnvelopeRefusal = z.object({
  success: z.literal(false),
  status: z.number().optional().catch(undefined),
  // Its message is not ours to repeat.
  error: z
    .object({ code: z.string().regex(/^[a-z_]{1,40}$/) })
    .optional()
    .catch(undefined),
});
type EnvelopeRefusal = z.infer<typeof EnvelopeRefusal>;

/**
 * The request for a body that comes in any of the three documented forms: bare, in `{success, status, data}`, or in
 * `{data, messages}`. An answer with status 200 that says `success: false` fails like the refusal that it names.
 */
export function unwrapped<Body>(request: Request<Body>): Request<Body> {
  const content = z.unknown().transform((value) => contentOf(value, request));
  return { ...request, schema: content.pipe(request.schema) };
}

/** @throws {PollError} for a refusal. No body of ours has a `data` of its own. */
function contentOf(value: unknown, request: Request<unknown>): unknown {
  const refusal = EnvelopeRefusal.safeParse(value);
  if (refusal.success) throw refused(request, refusal.data);
  if (typeof value !== 'object' || value === null || !('data' in value)) return value;
  const isEnvelope = 'messages' in value || 'success' in value || 'status' in value;
  return isEnvelope && typeof value.data === 'object' && value.data !== null ? value.data : value;
}

/** https://inference.sh/docs/api/rest/overview: what each code is sent with. */
const STATUSES: ReadonlyMap<string, number> = new Map([
  ['invalid_request', 400],
  ['unauthorized', 401],
  ['forbidden', 403],
  ['otp_required', 403],
  ['not_found', 404],
  ['rate_limited', 429],
  ['internal_error', 500],
]);

/** The failure that the same refusal would be with its own status in place of 200. */
function refused(request: Request<unknown>, { status = 200, error }: EnvelopeRefusal): PollError {
  const code = error?.code ?? 'no code given';
  const meant = STATUSES.get(code) ?? (status < 400 ? 200 : status);
  return new PollError(reasonOfStatus(meant), `${titleOf(request)} was refused: ${code}`, { status: meant });
}
