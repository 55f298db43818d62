import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type SeriesQuestion, type SeriesReport, TooManyRowsError } from '../../core/reports/cost-series.ts';
import type { Instant } from '../../core/values/time.ts';
import { json, jsonText } from '../http/replies.ts';
import { bucketText, seriesCsv, seriesJson } from './series-answer.ts';
import { parseSeriesQuery } from './series-query.ts';

export interface SeriesSource {
  /** @throws {TooManyRowsError} */
  series(question: SeriesQuestion): Promise<SeriesReport>;
  now(): Instant;
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
    throw error;
  }
}

function formatOf(query: URLSearchParams, accept = ''): 'json' | 'csv' | undefined {
  const [given, ...more] = query.getAll('format');
  if (given === undefined) return /\btext\/csv\b/.test(accept) ? 'csv' : 'json';
  return more.length === 0 && (given === 'json' || given === 'csv') ? given : undefined;
}

function refuse(reply: FastifyReply, error: string): FastifyReply {
  return json(reply.code(400), jsonText({ error }));
}

function send(report: SeriesReport, format: 'json' | 'csv', reply: FastifyReply): FastifyReply {
  reply.header('vary', 'accept');
  if (format === 'json') {
    reply.type('application/json; charset=utf-8');
    return reply.send(Readable.from(inTurns(seriesJson(report))));
  }
  const [from, to] = [report.range.start, report.range.end].map((at) => bucketText('day', at));
  const name = `${report.measure}-${from}-${to}-by-${report.step}.csv`;
  reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="${name}"`);
  return reply.send(Readable.from(inTurns(seriesCsv(report))));
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
