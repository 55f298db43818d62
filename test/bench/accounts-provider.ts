import { createServer } from 'node:http';
import { listenOnLoopback } from '../support/exporter/loopback.ts';
import { send } from './child.ts';

/** Venice with immediate responses: one row per account, a minute old. */
const provider = createServer((request, response) => {
  const isUsage = request.url?.includes('/usage-history') ?? false;
  const at = new Date(Date.now() - 60_000).toISOString();
  const row = { timestamp: at, sku: 'm-llm-output-mtoken', amount: -10, currency: 'USD', units: 0.1 };
  const about = { pricePerUnitUsd: 1, notes: 'API Inference', inferenceDetails: null };
  const url = new URL(request.url ?? '', 'http://localhost');
  const end = url.searchParams.get('endTimestamp') ?? '';
  const start = url.searchParams.get('startTimestamp') ?? '';
  const isIn = start <= at && at < end;
  response.writeHead(isUsage ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ data: isIn ? [{ ...row, ...about }] : [], nextCursor: null }));
});
send({ url: `http://127.0.0.1:${await listenOnLoopback(provider)}` });
