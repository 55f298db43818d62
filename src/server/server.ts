import { finished } from 'node:stream/promises';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Costs, CostsQuestion } from '../core/costs.ts';
import type { Instant } from '../core/time.ts';
import { answerBrokenRequest, json, jsonText, plain, SECURITY_HEADERS } from './answers.ts';
import { sendCosts } from './costs.ts';
import { firstPage } from './page.ts';
import { writeInSlices } from './send.ts';
import type { Status } from './status.ts';

/** What `/metrics` needs of a page: see the Prometheus sink. */
export interface MetricsPage {
  answer(request: {
    readonly accept: string | undefined;
    readonly acceptEncoding: string | undefined;
  }): Promise<MetricsAnswer>;
}

/** One scrape's answer. */
export interface MetricsAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Uint8Array[];
  /** Called once a reader has been given every byte. */
  carried(): void;
}

/** Whether the exporter may be sent traffic, and why not. */
export interface Readiness {
  readonly ready: boolean;
  readonly reason: string;
}

/** How a reload ended; the reason says what is wrong with the new configuration. */
export type ReloadOutcome =
  /** The warnings say what has to wait for a restart. */
  | { readonly ok: true; readonly warnings?: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** What the server shows and whom it tells. */
export interface ServerOptions {
  readonly metrics: MetricsPage;
  /** The same as OpenTelemetry's Prometheus exporter writes it. Missing: there is no `/otel/metrics`. */
  readonly otelMetrics?: MetricsPage | undefined;
  ready(): Readiness;
  status(): Status;
  costs(question: CostsQuestion): Costs;
  now(): Instant;
  /** Missing: `POST /-/reload` answers 403. */
  reload?(): Promise<ReloadOutcome>;
  /** Hears of our own bugs: a handler that threw. */
  onError(error: unknown): void;
}

/** No body means anything to us, not even a reload's. */
const BODY_BYTES = 1024;
/** Far more than a pair of Prometheus servers and some people at their browsers. */
const MAX_CONNECTIONS = 512;
/** After this, a reader that still takes its answer no longer holds up the end. */
const CLOSE_MS = 5000;

/** The HTTP server, not yet listening: `listen` and `close` are fastify's. */
export function createServer(options: ServerOptions): FastifyInstance {
  const server = fastify({
    http: { maxHeaderSize: 16 * 1024, headersTimeout: 10_000 },
    requestTimeout: 15_000,
    connectionTimeout: 60_000,
    maxRequestsPerSocket: 10_000,
    bodyLimit: BODY_BYTES,
    exposeHeadRoutes: false,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (_error, _request, reply) => void plain(reply, 400, 'bad request'),
  });
  server.server.maxConnections = MAX_CONNECTIONS;
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));
  server.addHook('onRequest', async (_request, reply) => void reply.headers(SECURITY_HEADERS));
  server.addHook('preClose', async () => {
    setTimeout(() => server.server.closeAllConnections(), CLOSE_MS).unref();
  });
  addRoutes(server, options);
  addErrors(server, options);
  return server;
}

function addRoutes(server: FastifyInstance, options: ServerOptions): void {
  const method = ['GET', 'HEAD'];
  const { otelMetrics } = options;
  const handlers: Record<string, (request: FastifyRequest, reply: FastifyReply) => unknown> = {
    '/': (_request, reply) =>
      reply.type('text/html; charset=utf-8').send(firstPage(options.status(), options.now())),
    '/metrics': (request, reply) => sendMetrics(options.metrics, request, reply),
    ...(otelMetrics && { '/otel/metrics': (request, reply) => sendMetrics(otelMetrics, request, reply) }),
    '/-/healthy': (_request, reply) => plain(reply, 200, 'healthy'),
    '/-/ready': (_request, reply) => {
      const { ready, reason } = options.ready();
      return plain(reply, ready ? 200 : 503, reason);
    },
    '/api/v1/status': (_request, reply) => json(reply, jsonText(options.status())),
    '/api/v1/costs': (request, reply) => sendCosts(options.costs, request, reply),
  };
  for (const [url, handler] of Object.entries(handlers)) server.route({ method, url, handler });
  server.post('/-/reload', async (_request, reply) => {
    if (!options.reload)
      return plain(reply, 403, 'reloading is not enabled; set server.enableReload, or send SIGHUP');
    const outcome = await options.reload();
    if (!outcome.ok) return plain(reply, 400, outcome.reason);
    return plain(reply, 200, ['reloaded', ...(outcome.warnings ?? [])].join('\n'));
  });
}

async function sendMetrics(
  page: MetricsPage,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { accept, 'accept-encoding': encoding } = request.headers;
  const acceptEncoding = Array.isArray(encoding) ? encoding.join(',') : encoding;
  const answer = await page.answer({ accept, acceptEncoding });
  reply.headers(answer.headers);
  if (request.method === 'HEAD') return reply.send('');
  // A reader who goes away before the last byte has carried nothing.
  finished(reply.raw, { readable: false }).then(answer.carried, () => {});
  reply.hijack();
  reply.raw.writeHead(200, Object.fromEntries(Object.entries(reply.getHeaders())));
  await writeInSlices(reply.raw, answer.body);
  return reply;
}

const METHODS = ['GET', 'HEAD', 'POST'] as const;

function addErrors(server: FastifyInstance, { onError }: ServerOptions): void {
  server.setNotFoundHandler((request, reply) => {
    const [url = ''] = request.url.split('?', 1);
    const allowed = METHODS.filter((method) => server.hasRoute({ method, url }));
    if (allowed.length === 0) return plain(reply, 404, 'not found');
    return plain(reply.header('allow', allowed.join(', ')), 405, 'method not allowed');
  });
  server.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error);
    if (status < 500) return plain(reply, status, 'bad request');
    onError(error);
    return plain(reply, 500, 'internal error');
  });
}

function statusOf(error: unknown): number {
  const hasStatus = error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
  return hasStatus ? Number(error.statusCode) : 500;
}
