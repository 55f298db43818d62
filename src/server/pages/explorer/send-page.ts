import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TooManyQuestionsError, TooManyRowsError } from '../../../core/reports/cost-series.ts';
import { PAGE_POLICY } from '../../http/replies.ts';
import { type ExplorerSource, loadData } from './explorer-data.ts';
import { errorPage, explorerPage } from './explorer-page.ts';
import { parseState } from './explorer-state.ts';
import { FAVICON, SCRIPT, SCRIPT_HASH } from './script.ts';

const compress = promisify(gzip);

/** Replies to `/`; 400 or 503 with a page that says why for an address that cannot be shown. */
export async function sendExplorer(
  source: ExplorerSource,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const page = await pageOf(source, new URLSearchParams(searchOf(request)));
  reply.code(page.status).type('text/html; charset=utf-8').header('content-security-policy', policyOf(reply));
  return sendCompressed(request, reply, page.html);
}

async function pageOf(
  source: ExplorerSource,
  address: URLSearchParams,
): Promise<{ status: number; html: string }> {
  const refused = (status: number, error: string) => {
    return { status, html: errorPage(source.status().version, error) };
  };
  const state = parseState(address, source.now());
  if ('error' in state) return refused(400, state.error);
  try {
    return { status: 200, html: await explorerPage(await loadData(source, state)) };
  } catch (error) {
    if (error instanceof TooManyRowsError) return refused(400, error.message);
    if (error instanceof TooManyQuestionsError) return refused(503, error.message);
    throw error;
  }
}

/** The page's own policy takes the place of the strict one; those that the configuration adds stay. */
function policyOf(reply: FastifyReply): string {
  const given = String(reply.raw.getHeader('content-security-policy') ?? '');
  const [, ...added] = given.split(', ');
  return [PAGE_POLICY, ...added].join(', ');
}

export function sendScript(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const isCurrent = new URLSearchParams(searchOf(request)).get('v') === SCRIPT_HASH;
  reply.header('etag', `"${SCRIPT_HASH}"`);
  reply.header('cache-control', isCurrent ? 'max-age=31536000, immutable' : 'no-cache');
  reply.type('text/javascript; charset=utf-8');
  return sendCompressed(request, reply, SCRIPT);
}

export function sendFavicon(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.type('image/svg+xml').header('cache-control', 'max-age=86400').send(FAVICON);
}

async function sendCompressed(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  text: string,
): Promise<FastifyReply> {
  reply.header('vary', 'accept-encoding');
  if (!/\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(String(headers['accept-encoding'] ?? '')))
    return reply.send(text);
  return reply.header('content-encoding', 'gzip').send(await compress(text));
}

function searchOf({ url }: FastifyRequest): string {
  return url.split(/\?(.*)/s, 2)[1] ?? '';
}
