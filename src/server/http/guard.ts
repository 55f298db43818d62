import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Limits } from './limits.ts';
import { SECURITY_HEADERS } from './replies.ts';
import { bodyStream } from './send.ts';

/** The response to a refused request. */
export interface RefusedRequest {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Checks requests before they are routed. */
export interface RequestGuard {
  /** Headers of every response, including refusals. */
  headers(): Readonly<Record<string, string>>;
  check(request: IncomingMessage): Promise<RefusedRequest | undefined>;
}

export interface GuardOptions {
  readonly limits: Limits;
  /** Absent if no authentication is configured. */
  readonly auth: RequestGuard | undefined;
  /** Reports internal errors. */
  readonly onError: (error: unknown) => void;
}

/**
 * Wraps the router, so that every request passes here first: sets security headers, limits the response time and checks
 * authentication.
 */
export function guarded(route: RequestListener, { limits, auth, onError }: GuardOptions): RequestListener {
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refusal = refuseCrossSite(request) ?? (await auth?.check(request));
    if (refusal) refuse(request, response, refusal);
    else route(request, response);
  };
  return (request, response) => {
    limitResponseTime(response, limits.responseMs);
    setHeaders(response, auth?.headers() ?? {});
    pass(request, response).catch((error) => {
      onError(error);
      refuse(request, response, { status: 500, text: 'internal error' });
    });
  };
}

/** A slow reader must not keep a rendered body in memory. Destroying the stream keeps a truncated response from looking complete. */
function limitResponseTime(response: ServerResponse, ms: number): void {
  const cutOff = () =>
    bodyStream(response).destroy(new Error('the client did not read the response in time'));
  const timer = setTimeout(cutOff, ms).unref();
  response.on(PROGRESS, () => timer.refresh());
  response.once('close', () => clearTimeout(timer));
}

/** Emitted on a response by {@link extendResponseTime}. */
const PROGRESS = 'progress';

/** Gives the client as much time again: for responses that are made as they are read, so that little of them is in memory. */
export function extendResponseTime(response: ServerResponse): void {
  response.emit(PROGRESS);
}

const CSP = 'content-security-policy';

/** Policies add up: a browser obeys all of them. https://www.w3.org/TR/CSP3/#multiple-policies */
function setHeaders(response: ServerResponse, more: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  for (const [name, value] of Object.entries(more)) {
    const isPolicy = name.toLowerCase() === CSP;
    response.setHeader(name, isPolicy ? `${SECURITY_HEADERS[CSP]}, ${value}` : value);
  }
}

/**
 * Refuses requests that a page of another origin makes its visitor's browser send, with the password that the browser remembers.
 *
 * Browsers send `Sec-Fetch-Site` only over HTTPS and to the loopback; elsewhere the origin has to match the requested host. Programs
 * send neither. https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
function refuseCrossSite({ method, headers }: IncomingMessage): RefusedRequest | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  const site = headers['sec-fetch-site'];
  const { origin } = headers;
  const isSameSite =
    site === undefined
      ? origin === undefined ||
        hostOf(origin) === (headers[':authority'] ?? headers.host)?.toString().toLowerCase()
      : site === 'none' || site === 'same-origin';
  return isSameSite ? undefined : { status: 403, text: 'cross-site request refused' };
}

/** Undefined for `null`, the origin of sandboxed pages and files. */
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
