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
import type { DecimalText, Timestamp } from './status.ts';

/** What `/api/v1/costs` answers, as it is. */
export interface CostsAnswer {
  readonly window: Window;
  readonly start: Timestamp;
  readonly end: Timestamp;
  /** Every account is known, and so is the total. */
  readonly isComplete: boolean;
  readonly unknown: readonly UnknownCosts[];
  readonly totalUsd: DecimalText | null;
  /** The labels asked for, and the exact `usd` of all that have them. */
  readonly costs: readonly Readonly<Record<string, string>>[];
}

/** Answers `/api/v1/costs`; 400 for a query that is not understood. */
export async function sendCosts(
  costsOf: (question: CostsQuestion) => CostReport,
  { url }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const [, search = ''] = url.split(/\?(.*)/s, 2);
  const question = readQuestion(new URLSearchParams(search));
  if ('error' in question) return json(reply.code(400), jsonText(question));
  return json(reply, await textOf(costsOf(question)));
}

/** The question of a query, or what is wrong with it. */
function readQuestion(query: URLSearchParams): CostsQuestion | { readonly error: string } {
  const stray = [...query.keys()].find((key) => key !== 'window' && key !== 'by');
  if (stray !== undefined) return { error: `there is no parameter ${shown(stray)}; there are window and by` };
  const twice = [...query.keys()].find((key) => query.getAll(key).length > 1);
  if (twice !== undefined) return { error: `${twice} is given twice` };
  const asked = query.get('window');
  const window = WINDOWS.find((each) => each === asked);
  if (window === undefined) {
    const instead = asked === null ? '' : `, not ${shown(asked)}`;
    return { error: `window must be one of ${WINDOWS.join(', ')}${instead}` };
  }
  const by = readLabels(query.get('by') ?? '');
  return 'error' in by ? by : { window, by };
}

function readLabels(text: string): readonly CostLabel[] | { readonly error: string } {
  const by: CostLabel[] = [];
  for (const name of text === '' ? [] : text.split(',')) {
    const label = BUDGET_LABELS.find((each) => each === name);
    if (label === undefined)
      return {
        error: `by must be some of ${BUDGET_LABELS.join(', ')}, separated by commas, not ${shown(name)}`,
      };
    if (by.includes(label))
      return { error: `by names ${label} twice; each of ${BUDGET_LABELS.join(', ')} once` };
    by.push(label);
  }
  return by;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

/** Label sets that become text in one turn of the event loop: less than a millisecond. */
const ROWS_A_TURN = 500;

/** The answer with each of its costs on a line of its own. Others have their turn in between: there may be 100,000 of them. */
async function textOf(costs: CostReport): Promise<string> {
  const rows: string[] = [];
  for (const [index, group] of costs.groups.entries()) {
    if (index % ROWS_A_TURN === ROWS_A_TURN - 1) await nextTurn();
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
