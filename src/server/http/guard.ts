import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Limits } from './limits.ts';
import { SECURITY_HEADERS } from './replies.ts';
import { outgoing } from './send.ts';

/** Why a request is not answered, and with what. */
export interface RefusedRequest {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Who and what may pass, besides what the server itself refuses. */
export interface RequestGuard {
  /** Headers of every answer, refusals too. */
  headers(): Readonly<Record<string, string>>;
  judge(request: IncomingMessage): Promise<RefusedRequest | undefined>;
}

export interface GuardOptions {
  readonly limits: Limits;
  /** Missing: everybody may pass. */
  readonly gate: RequestGuard | undefined;
  /** Hears of our own bugs. */
  readonly onError: (error: unknown) => void;
}

/**
 * Stands before every route, before what has no route and before what cannot be routed: sets the headers that keep browsers safe,
 * ends what takes too long, and asks the gate.
 */
export function guarded(route: RequestListener, { limits, gate, onError }: GuardOptions): RequestListener {
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refusal = fromElsewhere(request) ?? (await gate?.judge(request));
    if (refusal) refuse(request, response, refusal);
    else route(request, response);
  };
  return (request, response) => {
    endInTime(response, limits.answerMs);
    setHeaders(response, gate?.headers() ?? {});
    pass(request, response).catch((error) => {
      onError(error);
      refuse(request, response, { status: 500, text: 'internal error' });
    });
  };
}

/** Whoever reads slowly would otherwise keep what was rendered for him for as long as he likes. What is cut off must not look whole. */
function endInTime(response: ServerResponse, ms: number): void {
  const cutOff = () => outgoing(response).destroy(new Error('the client did not read the response in time'));
  const timer = setTimeout(cutOff, ms).unref();
  response.once('close', () => clearTimeout(timer));
}

const CSP = 'content-security-policy';

/** Policies add up: what a browser may do, each of them must allow. https://www.w3.org/TR/CSP3/#multiple-policies */
function setHeaders(response: ServerResponse, more: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  for (const [name, value] of Object.entries(more)) {
    const isPolicy = name.toLowerCase() === CSP;
    response.setHeader(name, isPolicy ? `${SECURITY_HEADERS[CSP]}, ${value}` : value);
  }
}

/**
 * A page of another origin may make its visitor's browser post, with the password that the browser remembers.
 *
 * Browsers send `Sec-Fetch-Site` only to HTTPS and to the loopback; elsewhere the origin has to be the host that was asked. Programs
 * send neither. https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
function fromElsewhere({ method, headers }: IncomingMessage): RefusedRequest | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  const site = headers['sec-fetch-site'];
  const { origin } = headers;
  const isOwn =
    site === undefined
      ? origin === undefined ||
        hostOf(origin) === (headers[':authority'] ?? headers.host)?.toString().toLowerCase()
      : site === 'none' || site === 'same-origin';
  return isOwn ? undefined : { status: 403, text: 'cross-site request refused' };
}

/** Undefined for `null`, which sandboxed pages and files are. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function refuse(
  { method }: IncomingMessage,
  response: ServerResponse,
  { status, text, headers }: RefusedRequest,
): void {
  const body = `${text}\n`;
  const length = { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...length, ...headers });
  if (method === 'HEAD') response.end();
  else response.end(body);
}
