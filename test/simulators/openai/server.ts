import { type Fixed, formatDecimal, fromInteger } from '../../../src/core/values/money.ts';
import { DAY, HOUR, type Range, SECOND } from '../../../src/core/values/time.ts';
import { openBooks } from '../kit/books.ts';
import { limitOf, reportPage } from '../kit/bucket-report.ts';
import { keyOf, retryAfter } from '../kit/http.ts';
import { namedPage } from '../kit/named-list.ts';
import type { Reply } from '../kit/reply.ts';
import type { Service, SimulatedCall, Simulator } from '../kit/service.ts';
import { openSimulator } from '../kit/simulator.ts';
import { type SimulatorOptions, worldOf } from '../kit/world.ts';
import { openAiHistory, PROJECT_NAMES } from './history.ts';
import { costing, entriesOf, isCost, type OpenAiCost, type OpenAiRow, type OpenAiUse } from './rows.ts';

export interface OpenAiOptions extends SimulatorOptions {
  /** The key of a project, which may not read the organization's usage. */
  readonly projectKey?: string;
  /** Buckets that a page has at most, whatever was asked for. */
  readonly bucketsPerPage?: number;
}

const COSTS = '/v1/organization/costs';
const PROJECTS = '/v1/organization/projects';
const USAGE = /^\/v1\/organization\/usage\/(\w+)$/;
const KINDS = [
  'completions',
  'embeddings',
  'images',
  'audio_speeches',
  'audio_transcriptions',
  'moderations',
];
/** https://developers.openai.com/api/reference: buckets of a page. */
const LIMITS = {
  '1d': { sizeMs: DAY, fallback: 7, max: 180 },
  '1h': { sizeMs: HOUR, fallback: 24, max: 168 },
};

/**
 * `/v1/organization/costs`, `/v1/organization/usage/...` and `/v1/organization/projects` on loopback. The first contract is the specification: `result` and
 * amounts as numbers; the current one is the wire.
 */
export async function startOpenAi(options: OpenAiOptions = {}): Promise<Simulator<OpenAiRow>> {
  const world = worldOf(options);
  const key = options.key ?? 'demo-openai-admin';
  const books = openBooks(world.generate ? openAiHistory(world) : () => []);
  const isSeed = world.contract === 'seed';
  const rowsAt = (call: SimulatedCall) => (range: Range) => books.rows(range, books.moment(call.now));

  const service: Service = {
    refuse: (status) => error(status, `Request failed with status ${status}.`),
    throttle: (waitSeconds, style, call) => ({
      ...error(429, 'Rate limit reached.'),
      headers: retryAfter(waitSeconds, style, call.now),
    }),
    answer: (call) => {
      const given = keyOf(call, 'Bearer');
      if (given !== undefined && given === options.projectKey)
        return error(
          403,
          'You have insufficient permissions for this operation. Missing scopes: api.usage.read.',
        );
      if (given !== key) return error(401, 'Incorrect API key provided.');
      if (call.path === COSTS) {
        return report(call, '1d', options, isSeed, (range) => costsOf(rowsAt(call)(range), call, isSeed));
      }
      if (call.path === PROJECTS) return projects(call);
      const [, kind = ''] = USAGE.exec(call.path) ?? [];
      if (!KINDS.includes(kind)) return error(404, `Unknown request URL: GET ${call.path}.`);
      return report(call, '1h', options, isSeed, (range) => usageOf(rowsAt(call)(range), kind, call));
    },
  };
  const parts = { world, options, key, books, costing };
  return openSimulator(service, { ...parts, entriesOf: (rows) => rows.flatMap(entriesOf) });
}

function report(
  { query, now }: SimulatedCall,
  width: keyof typeof LIMITS,
  { bucketsPerPage = Number.POSITIVE_INFINITY }: OpenAiOptions,
  isSeed: boolean,
  resultsOf: (range: Range) => object[],
): Reply {
  const { sizeMs, fallback, max } = LIMITS[width];
  const limit = limitOf(query.get('limit'), fallback, max);
  const [start, end] = [query.get('start_time'), query.get('end_time') ?? String(Math.ceil(now / SECOND))];
  if (limit === undefined) return error(400, `limit must be between 1 and ${max}.`);
  if (start === null || !/^\d+$/.test(start) || !/^\d+$/.test(end))
    return error(400, 'start_time is required.');
  if ((query.get('bucket_width') ?? '1d') !== width) return error(400, `bucket_width must be ${width}.`);
  const range = { start: Number(start) * SECOND, end: Number(end) * SECOND };
  if (range.start >= range.end) return error(400, 'start_time must be before end_time.');
  const question = { range, sizeMs, limit: Math.min(limit, bucketsPerPage), page: query.get('page') };
  const page = reportPage(question, (bucket) => ({
    object: 'bucket',
    start_time: fromInteger(BigInt(bucket.start / SECOND)),
    end_time: fromInteger(BigInt(bucket.end / SECOND)),
    [isSeed ? 'result' : 'results']: resultsOf(bucket),
  }));
  if (!page) return error(400, 'page is not a cursor.');
  const { buckets: data, next } = page;
  return { status: 200, body: { object: 'page', data, has_more: next !== null, next_page: next } };
}

/** The groups that are asked for; a field that is not among them is null. */
function grouped<Row>(
  rows: readonly Row[],
  { query }: SimulatedCall,
  fields: (row: Row) => Record<string, string | null>,
) {
  const names = query.getAll('group_by');
  const labelsOf = (row: Row) =>
    Object.fromEntries(
      Object.entries(fields(row)).map(([name, value]) => [name, names.includes(name) ? value : null]),
    );
  return [...Map.groupBy(rows, (row) => JSON.stringify(labelsOf(row)))].map(([, own]) => ({
    own,
    labels: own[0] === undefined ? {} : labelsOf(own[0]),
  }));
}

function costsOf(rows: readonly OpenAiRow[], call: SimulatedCall, isSeed: boolean): object[] {
  const fields = (row: OpenAiCost) => ({ line_item: row.lineItem, project_id: row.project });
  return grouped(rows.filter(isCost), call, fields).map(({ own, labels }) => {
    const value = own.reduce((sum, { usd }) => sum + usd, 0n);
    return {
      object: 'organization.costs.result',
      amount: { value: isSeed ? value : formatDecimal(value), currency: 'usd' },
      ...labels,
      api_key_id: null,
      quantity: null,
    };
  });
}

function usageOf(rows: readonly OpenAiRow[], kind: string, call: SimulatedCall): object[] {
  const uses = rows.filter((row): row is OpenAiUse => row.kind === kind);
  const fields = (row: OpenAiUse) => ({ project_id: row.project, model: row.model });
  return grouped(uses, call, fields).map(({ own, labels }) => ({
    object: `organization.usage.${kind}.result`,
    ...quantitiesOf(own, kind),
    num_model_requests: total(own, (row) => row.requests),
    ...labels,
    user_id: null,
    api_key_id: null,
  }));
}

function quantitiesOf(own: readonly OpenAiUse[], kind: string): object {
  const input = total(own, (row) => row.input);
  if (kind === 'images') return { images: input, size: null, source: null };
  if (kind === 'audio_speeches') return { characters: input };
  if (kind === 'audio_transcriptions') return { seconds: input };
  if (kind !== 'completions') return { input_tokens: input };
  const cached = total(own, (row) => row.cached ?? 0);
  return {
    input_tokens: input,
    output_tokens: total(own, (row) => row.output ?? 0),
    input_cached_tokens: cached,
    input_cache_write_tokens: total(own, (row) => row.written ?? 0),
    input_uncached_tokens: input - cached,
    ...{ batch: null, service_tier: null },
  };
}

/** Names of the projects that the history bills, one of which is archived, and one that nothing is billed to. */
function projects({ query }: SimulatedCall): Reply {
  const all = Object.entries(PROJECT_NAMES).map(([id, name], index) => ({
    ...{ id, object: 'organization.project', name, created_at: fromInteger(1_711_471_533n) },
    ...{ archived_at: index === 1 ? fromInteger(1_790_000_000n) : null },
    status: index === 1 ? 'archived' : 'active',
  }));
  const listed =
    query.get('include_archived') === 'true' ? all : all.filter((one) => one.archived_at === null);
  const page = namedPage(query, listed, { cursor: 'after', max: 100 });
  if (!page) return error(400, 'limit must be between 1 and 100.');
  return { status: 200, body: { object: 'list', ...page } };
}

function total(rows: readonly OpenAiUse[], countOf: (row: OpenAiUse) => number): Fixed {
  return fromInteger(rows.reduce((sum, row) => sum + BigInt(countOf(row)), 0n));
}

function error(status: number, message: string): Reply {
  return { status, body: { error: { message, type: 'invalid_request_error', param: null, code: null } } };
}
