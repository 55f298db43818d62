import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BUDGET_LABELS } from '../../core/reports/budget.ts';
import type {
  CostGroup,
  CostLabel,
  CostReport,
  CostsQuestion,
  UnknownCosts,
} from '../../core/reports/cost-query.ts';
import { WINDOWS, type Window } from '../../core/reports/windows.ts';
import { formatDecimal } from '../../core/values/money.ts';
import { json, jsonText } from '../http/replies.ts';
import { quote } from './parameters.ts';

/** The response of `/api/v1/costs`. */
export interface CostsAnswer {
  readonly window: Window;
  /** As `2026-11-01T00:00:00.000Z`. */
  readonly start: string;
  readonly end: string;
  /** Whether the costs of every account are known, and so the total. */
  readonly isComplete: boolean;
  readonly unknown: readonly UnknownCosts[];
  /** An exact decimal. */
  readonly totalUsd: string | null;
  /** The requested labels and the exact `usd` of each combination. */
  readonly costs: readonly Readonly<Record<string, string>>[];
}

/** Replies to `/api/v1/costs`; 400 for an invalid query. */
export async function sendCosts(
  costsOf: (question: CostsQuestion) => CostReport,
  { url }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const [, search = ''] = url.split(/\?(.*)/s, 2);
  const question = parseQuery(new URLSearchParams(search));
  if ('error' in question) return json(reply.code(400), jsonText(question));
  return json(reply, await renderCosts(costsOf(question)));
}

/** Parses the query, or says what is wrong with it. */
function parseQuery(query: URLSearchParams): CostsQuestion | { readonly error: string } {
  for (const key of query.keys()) {
    if (key !== 'window' && key !== 'by')
      return { error: `unknown parameter ${quote(key)}; expected window or by` };
    if (query.getAll(key).length > 1) return { error: `${key} is repeated` };
  }
  const given = query.get('window');
  const window = WINDOWS.find((name) => name === given);
  if (window === undefined) {
    const suffix = given === null ? '' : `, not ${quote(given)}`;
    return { error: `window must be one of ${WINDOWS.join(', ')}${suffix}` };
  }
  const by = parseLabels(query.get('by') ?? '');
  return 'error' in by ? by : { window, by };
}

function parseLabels(text: string): readonly CostLabel[] | { readonly error: string } {
  const by: CostLabel[] = [];
  for (const name of text === '' ? [] : text.split(',')) {
    const label = BUDGET_LABELS.find((known) => known === name);
    if (label === undefined)
      return {
        error: `by must be a comma-separated list of ${BUDGET_LABELS.join(', ')}, not ${quote(name)}`,
      };
    if (by.includes(label)) return { error: `by repeats ${label}` };
    by.push(label);
  }
  return by;
}

/** Rows rendered per turn of the event loop: less than a millisecond. */
const ROWS_PER_TURN = 500;

/** Renders each cost on its own line and yields to the event loop in between: there may be 100,000 rows. */
async function renderCosts(costs: CostReport): Promise<string> {
  const rows: string[] = [];
  for (const [index, group] of costs.groups.entries()) {
    if (index % ROWS_PER_TURN === ROWS_PER_TURN - 1) await nextTurn();
    rows.push(JSON.stringify(rowOf(costs.by, group)));
  }
  const list = rows.length === 0 ? '[]' : `[\n    ${rows.join(',\n    ')}\n  ]`;
  return jsonText(headOf(costs)).replace(/\n\}\n$/, () => `,\n  "costs": ${list}\n}\n`);
}

function headOf({ window, start, end, unknown, total }: CostReport): Omit<CostsAnswer, 'costs'> {
  return {
    window,
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
    isComplete: unknown.length === 0,
    unknown,
    totalUsd: total === undefined ? null : formatDecimal(total),
  };
}

function rowOf(by: CostReport['by'], { values, usd }: CostGroup): CostsAnswer['costs'][number] {
  const labels = by.map((label, index) => [label, values[index] ?? '']);
  return { ...Object.fromEntries(labels), usd: formatDecimal(usd) };
}
