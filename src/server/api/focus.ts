import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FocusExport } from '../../core/focus/export.ts';
import type { FocusGap } from '../../core/focus/gaps.ts';
import { DAY, isoDay, type Range } from '../../core/values/time.ts';
import { takeInSlices } from '../../runtime/slices.ts';
import { TEXT_FORMATS, type TextFormat, textPieces } from '../../sinks/focus/text.ts';
import { extendResponseTime } from '../http/guard.ts';
import { json, jsonText } from '../http/replies.ts';
import { parseInstant, quote } from './parameters.ts';

export interface FocusSource {
  focus(range: Range): FocusExport;
}

/** What an export lacks, as ASCII JSON: the header of the response. */
export const GAPS_HEADER = 'x-focus-gaps';
/** Node.js and most proxies take 8 to 16 KiB of headers. */
const MAX_GAPS_LENGTH = 6000;

/** How long gaps are looked for before others get a turn. */
const TURN_MS = 5;
/** Each holds little, but takes its share of every turn. */
const MAX_EXPORTS = 2;

const TYPES: Readonly<Record<TextFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/jsonl; charset=utf-8',
};

const TOO_MANY = jsonText({ error: 'too many exports at a time; ask again in a few seconds' });

/** Replies to `/api/v1/export/focus`; 400 for an invalid query. */
export function focusReplies(source: FocusSource) {
  let active = 0;
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const [, search = ''] = request.url.split(/\?(.*)/s, 2);
    const question = parseFocusQuery(new URLSearchParams(search));
    if ('error' in question) return json(reply.code(400), jsonText(question));
    if (active >= MAX_EXPORTS) return json(reply.code(503).header('retry-after', '10'), TOO_MANY);
    active += 1;
    reply.raw.once('close', () => {
      active -= 1;
    });
    return send(source, question, request, reply);
  };
}

async function send(
  source: FocusSource,
  { range, format }: FocusQuestion,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const found = source.focus(range);
  const gaps = await takeInSlices(found.gaps(), TURN_MS);
  const name = `focus-${isoDay(range.start)}-${isoDay(range.end)}.${format}`;
  reply
    .type(TYPES[format])
    .header('content-disposition', `attachment; filename="${name}"`)
    .header(GAPS_HEADER, gapsText(gaps));
  if (request.method === 'HEAD') return reply.send('');
  const pieces = textPieces(found.rows(), format, () => extendResponseTime(reply.raw));
  return reply.send(Readable.from(pieces));
}

/** Those that fit; `more` counts the others. */
function gapsText(gaps: readonly FocusGap[]): string {
  const shown: object[] = [];
  let length = 0;
  for (const { start, end, ...gap } of gaps) {
    const each = { ...gap, from: isoDay(start), to: isoDay(end) };
    length += asciiJson(each).length + 1;
    if (length > MAX_GAPS_LENGTH) break;
    shown.push(each);
  }
  return asciiJson({ gaps: shown, more: gaps.length - shown.length });
}

function asciiJson(value: object): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export interface FocusQuestion {
  readonly range: Range;
  readonly format: TextFormat;
}

/** Parses the parameters of `/api/v1/export/focus`, or says what is wrong with them. */
export function parseFocusQuery(query: URLSearchParams): FocusQuestion | { readonly error: string } {
  const names = [...query.keys()];
  const stray = names.find((name) => !['from', 'to', 'format'].includes(name));
  if (stray !== undefined)
    return { error: `unknown parameter ${quote(stray)}; expected from, to and format` };
  if (new Set(names).size < names.length) return { error: 'from, to and format must be given once' };
  const format = TEXT_FORMATS.find((each) => each === (query.get('format') ?? 'csv'));
  if (format === undefined) return { error: `format must be one of ${TEXT_FORMATS.join(', ')}` };
  const range = parseDates(query.get('from'), query.get('to'));
  return 'error' in range ? range : { range, format };
}

/** The longest that is worth asking for at once. */
const MAX_DAYS = 3660;

function parseDates(from: string | null, to: string | null): Range | { readonly error: string } {
  const [start, end] = [from, to].map((text) => (text?.length === 10 ? parseInstant(text) : undefined));
  const form = 'a UTC date from 1970 on, such as 2026-11-01';
  if (start === undefined) return { error: `from must be ${form}` };
  if (end === undefined) return { error: `to must be ${form}: the day after the last` };
  if (start >= end) return { error: 'from must lie before to, which is the day after the last' };
  if (end - start > MAX_DAYS * DAY) return { error: `the range must be at most ${MAX_DAYS} days long` };
  return { start, end };
}
