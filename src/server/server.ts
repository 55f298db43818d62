import type { RequestListener } from 'node:http';
import { finished } from 'node:stream/promises';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { CostReport, CostsQuestion } from '../core/reports/cost-query.ts';
import { sendCosts } from './api/costs.ts';
import { type FocusSource, focusReplies } from './api/focus.ts';
import { type SeriesSource, sendResources, sendSeries } from './api/series.ts';
import { createTransport, type HttpTransport } from './http/connections.ts';
import { guarded } from './http/guard.ts';
import { LIMITS, type Limits } from './http/limits.ts';
import { answerBrokenRequest, json, jsonText, plain } from './http/replies.ts';
import { bodyStream, writeInSlices } from './http/send.ts';
import type { AccountOverview } from './pages/explorer/overview.ts';
import { sendExplorer, sendFavicon, sendScript } from './pages/explorer/send-page.ts';
import type { Status } from './pages/status.ts';
import { createAuth } from './web/auth.ts';
import type { WebSource } from './web/source.ts';
import { createTlsListener } from './web/tls-listener.ts';

/** A metrics page: see the Prometheus sink. */
export interface MetricsPage {
  answer(request: {
    readonly accept: string | undefined;
    readonly acceptEncoding: string | undefined;
  }): Promise<MetricsAnswer>;
}

/** The response to a scrape. */
export interface MetricsAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Uint8Array[];
  /** Called after a reader has received every byte. */
  carried(): void;
}

/** Whether the exporter is ready, and why not. */
export interface Readiness {
  readonly ready: boolean;
  readonly reason: string;
}

/** The outcome of a reload; the reason says what is wrong with the new configuration. */
export type ReloadOutcome =
  /** The warnings name what takes effect only after a restart. */
  | { readonly ok: true; readonly warnings?: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** What the server serves, and its callbacks. */
export interface ServerOptions extends SeriesSource, FocusSource {
  readonly metrics: MetricsPage;
  /** The same metrics, written by OpenTelemetry's Prometheus exporter. Absent: no `/otel/metrics`. */
  readonly otelMetrics?: MetricsPage | undefined;
  ready(): Readiness;
  status(): Status;
  /** What the page shows of each account beside its costs and feeds. */
  overview(): Promise<readonly AccountOverview[]>;
  costs(question: CostsQuestion): CostReport;
  /** Absent: `POST /-/reload` replies 403. */
  reload?(): Promise<ReloadOutcome>;
  /** Reports internal errors: a handler threw. */
  onError(error: unknown): void;
  /** TLS, users, headers and a rate limit. Absent: plain HTTP without authentication. */
  readonly web?: WebSource | undefined;
  /** Override {@link LIMITS}. */
  readonly limits?: Partial<Limits>;
}

/** No route has a schema. Replacing the compilers keeps fastify from loading ajv. */
const NO_COMPILER = () => (): never => {
  throw new Error('no route has a schema');
};
const NO_SCHEMAS = { compilersFactory: { buildValidator: NO_COMPILER, buildSerializer: NO_COMPILER } };

/** Creates the HTTP server, not yet listening: `listen` and `close` are fastify's. */
export function createServer(options: ServerOptions): FastifyInstance {
  const limits = { ...LIMITS, ...options.limits };
  const transports: HttpTransport[] = [];
  const server = fastify({
    serverFactory: (route) => {
      const transport = transportOf(route, limits, options);
      transports.push(transport);
      return transport.server;
    },
    bodyLimit: limits.bodyBytes,
    exposeHeadRoutes: false,
    clientErrorHandler: answerBrokenRequest,
    schemaController: NO_SCHEMAS,
    frameworkErrors: (_error, _request, reply) => void plain(reply, 400, 'bad request'),
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));
  server.addHook('preClose', async () => {
    for (const transport of transports) {
      transport.close();
      setTimeout(transport.destroy, limits.closeMs).unref();
    }
  });
  const methods = methodsOf(server);
  addRoutes(server, options);
  addErrors(server, methods, options);
  return server;
}

function transportOf(route: RequestListener, limits: Limits, { web, onError }: ServerOptions): HttpTransport {
  const auth = web && createAuth({ web, now: () => performance.now() });
  const handler = guarded(route, { limits, auth, onError });
  return createTransport({ handler, limits, layer: web && createTlsListener({ web, handler, limits }) });
}

function addRoutes(server: FastifyInstance, options: ServerOptions): void {
  const method = ['GET', 'HEAD'];
  const { otelMetrics } = options;
  const handlers: Record<string, (request: FastifyRequest, reply: FastifyReply) => unknown> = {
    '/': (request, reply) => sendExplorer(options, request, reply),
    '/explorer.js': sendScript,
    '/favicon.svg': sendFavicon,
    '/metrics': (request, reply) => sendMetrics(options.metrics, request, reply),
    ...(otelMetrics && { '/otel/metrics': (request, reply) => sendMetrics(otelMetrics, request, reply) }),
    '/-/healthy': (_request, reply) => plain(reply, 200, 'healthy'),
    '/-/ready': (_request, reply) => {
      const { ready, reason } = options.ready();
      return plain(reply, ready ? 200 : 503, reason);
    },
    '/api/v1/status': (_request, reply) => json(reply, jsonText(options.status())),
    '/api/v1/costs': (request, reply) => sendCosts(options.costs, request, reply),
    '/api/v1/costs/series': (request, reply) => sendSeries(options, request, reply),
    '/api/v1/export/focus': focusReplies(options),
    '/api/v1/resources': (_request, reply) => sendResources(options, reply),
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
  const reader = bodyStream(reply.raw);
  // A reader that disconnects before the last byte has received nothing.
  finished(reader, { readable: false }).then(answer.carried, () => {});
  reply.hijack();
  reply.raw.writeHead(200, Object.fromEntries(Object.entries(reply.getHeaders())));
  await writeInSlices(reader, answer.body);
  return reply;
}

/** By path, the methods of all routes added from now on. `hasRoute` would treat the requested path as a pattern. */
function methodsOf(server: FastifyInstance): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, string[]>();
  server.addHook('onRoute', ({ url, method }) => {
    methods.set(url, [...(methods.get(url) ?? []), ...[method].flat()]);
  });
  return methods;
}

function addErrors(
  server: FastifyInstance,
  methods: ReadonlyMap<string, readonly string[]>,
  { onError }: ServerOptions,
): void {
  server.setNotFoundHandler((request, reply) => {
    const [url = ''] = request.url.split('?', 1);
    const allowed = methods.get(url);
    if (allowed === undefined) return plain(reply, 404, 'not found');
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
