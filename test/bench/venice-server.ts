import { createServer } from 'node:http';
import { z } from 'zod';
import { DAY, isoDay } from '../../src/core/values/time.ts';
import { listenOnLoopback } from '../support/exporter/loopback.ts';
import { NOW } from './bill.ts';
import { send } from './child.ts';

/** Serves a day of Venice's ledger, rendered beforehand: `/100000/api/v1/…` is a ledger of so many rows. */
const MOST_ROWS = 1_000_000;
const PAGE_ROWS = 1000;
const START = NOW - (NOW % DAY) - DAY;

const MODELS = ['zai-org-glm-5-1', 'qwen3-235b-a22b-instruct-2507', 'llama-3.3-70b', 'deepseek-v4-pro-api'];
const KINDS = ['input', 'output', 'cache-input'];

/** One request is three rows, one for each kind of token. */
function rowAt(index: number): object {
  const request = Math.floor(index / KINDS.length);
  const tokens = 17 + ((request * 7919) % 90_000);
  const price = [0.7, 2.8, 0.175][index % KINDS.length] ?? 0;
  const units = tokens / 1e6;
  const id = (request * 2_654_435_761).toString(16).padStart(12, '0').slice(-12);
  return {
    timestamp: new Date(START + Math.floor(((request * KINDS.length) / MOST_ROWS) * DAY)).toISOString(),
    sku: `${MODELS[request % MODELS.length]}-llm-${KINDS[index % KINDS.length]}-mtoken`,
    pricePerUnitUsd: price,
    units,
    amount: -Number((units * price).toFixed(12)),
    currency: request % 5 === 0 ? 'DIEM' : 'USD',
    notes: 'API Inference',
    inferenceDetails: {
      requestId: `chatcmpl-4e1d7a60-93b5-4c1f-8d0e-${id}`,
      inferenceExecutionTime: 400 + (request % 9000),
      promptTokens: tokens,
      completionTokens: request % 2048,
    },
  };
}

const pages = Array.from({ length: MOST_ROWS / PAGE_ROWS }, (_, page) => {
  const rows = Array.from({ length: PAGE_ROWS }, (_, row) => rowAt(page * PAGE_ROWS + row));
  return Buffer.from(`{"data":${JSON.stringify(rows)},"nextCursor":`);
});

/** A cursor names the page and the day. */
const Asked = z.tuple([z.coerce.number(), z.coerce.number(), z.string()]);
const OWN_DAY = isoDay(START);

/** The page with the rows of another day. */
function ofDay(page: Buffer, day: string): Buffer {
  if (day === OWN_DAY || !/^\d{4}-\d\d-\d\d$/.test(day)) return page;
  const copy = Buffer.from(page);
  for (let at = copy.indexOf(OWN_DAY); at >= 0; at = copy.indexOf(OWN_DAY, at + day.length))
    copy.write(day, at);
  return copy;
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const begun = (searchParams.get('startTimestamp') ?? '').slice(0, 10);
  const [number, onDay = begun] = searchParams.get('cursor')?.split('.') ?? [0];
  const [rows, page, day] = Asked.parse([pathname.split('/')[1], number, onDay]);
  const isLast = (page + 1) * PAGE_ROWS >= rows;
  const next = isLast ? 'null}' : `"${page + 1}.${day}"}`;
  const body = [ofDay(pages[page] ?? Buffer.alloc(0), day), Buffer.from(next)];
  const length = body.reduce((bytes, chunk) => bytes + chunk.length, 0);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(length) });
  response.cork();
  for (const chunk of body) response.write(chunk);
  response.end();
});
send({ url: `http://127.0.0.1:${await listenOnLoopback(server)}`, start: START });
