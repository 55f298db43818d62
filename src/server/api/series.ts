import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  type SeriesQuestion,
  type SeriesReport,
  TooManyQuestionsError,
  TooManyRowsError,
} from '../../core/reports/cost-series.ts';
import type { KnownResource } from '../../core/reports/labels.ts';
import type { Instant } from '../../core/values/time.ts';
import { json, jsonText } from '../http/replies.ts';
import { bucketText, seriesCsv, seriesJson } from './series-answer.ts';
import { parseSeriesQuery } from './series-query.ts';

export interface SeriesSource {
  /** @throws {TooManyRowsError} {TooManyQuestionsError} */
  series(question: SeriesQuestion): Promise<SeriesReport>;
  resources(): readonly KnownResource[];
  now(): Instant;
}

/** Replies to `/api/v1/resources`. */
export function sendResources(source: SeriesSource, reply: FastifyReply): FastifyReply {
  return sendPieces(resourcesJson(source.resources()), 'application/json; charset=utf-8', reply);
}

function* resourcesJson(resources: readonly KnownResource[]): Generator<string> {
  yield '{"resources":[';
  for (const [index, resource] of resources.entries())
    yield `${index === 0 ? '' : ','}${JSON.stringify(resource)}`;
  yield ']}\n';
}

/** Replies to `/api/v1/costs/series`; 400 for an invalid query. */
export async function sendSeries(
  source: SeriesSource,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const [, search = ''] = request.url.split(/\?(.*)/s, 2);
  const query = new URLSearchParams(search);
  const format = formatOf(query, request.headers.accept);
  if (format === undefined) return refuse(reply, 'format must be json or csv, given once');
  query.delete('format');
  const question = parseSeriesQuery(query, source.now());
  if ('error' in question) return refuse(reply, question.error);
  try {
    return send(await source.series(question), format, reply);
  } catch (error) {
    if (error instanceof TooManyRowsError) return refuse(reply, error.message);
    if (error instanceof TooManyQuestionsError)
      return refuse(reply.header('retry-after', '5'), error.message, 503);
    throw error;
  }
}

function formatOf(query: URLSearchParams, accept = ''): 'json' | 'csv' | undefined {
  const [given, ...more] = query.getAll('format');
  if (given === undefined) return /\btext\/csv\b/.test(accept) ? 'csv' : 'json';
  return more.length === 0 && (given === 'json' || given === 'csv') ? given : undefined;
}

function refuse(reply: FastifyReply, error: string, status = 400): FastifyReply {
  return json(reply.code(status), jsonText({ error }));
}

function send(report: SeriesReport, format: 'json' | 'csv', reply: FastifyReply): FastifyReply {
  reply.header('vary', 'accept');
  if (format === 'json') return sendPieces(seriesJson(report), 'application/json; charset=utf-8', reply);
  const [from, to] = [report.range.start, report.range.end].map((at) => bucketText('day', at));
  const name = `${report.measure}-${from}-${to}-by-${report.step}.csv`;
  reply.header('content-disposition', `attachment; filename="${name}"`);
  return sendPieces(seriesCsv(report), 'text/csv; charset=utf-8', reply);
}

function sendPieces(pieces: Iterable<string>, type: string, reply: FastifyReply): FastifyReply {
  return reply.type(type).send(Readable.from(inTurns(pieces)));
}

/** Text that is sent at once: a few milliseconds of work. */
const PIECE_LENGTH = 64 * 1024;

/** Joins small pieces, and yields to the event loop after each large one. */
async function* inTurns(pieces: Iterable<string>): AsyncGenerator<string> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < PIECE_LENGTH) continue;
    yield text;
    text = '';
    await nextTurn();
  }
  yield text;
}
