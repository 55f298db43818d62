import { z } from 'zod';
import { fromInteger } from '../../core/values/money.ts';
import { segment } from '../api/request.ts';
import { Integer } from '../api/schemas.ts';
import type { TaskAmount, TaskCost, Tasks } from '../api/tasks.ts';
import { unwrapped } from './envelope.ts';
import { oneLine } from './one-line.ts';

/** `GET /usage/tasks/{taskID}/cost`: https://inference.sh/docs/api/rest/usage names it, and no page shows its answer. */
export const tasks: Tasks = {
  idForm: '1 to 128 letters, digits, "-", "_" and ".", and not points alone',
  isId: (text) => /^(?!\.+$)[A-Za-z0-9_.-]{1,128}$/.test(text),
  async cost(ask, id) {
    const path = `/usage/tasks/${segment(id)}/cost`;
    return readTaskCost((await ask(unwrapped({ path, schema: z.unknown() }))).body);
  },
};

/** What other answers of the API call money, always in microcents. */
const NAME = /^((resource|inference|royalty|partner)_fee|total|cost|total_cost|amount|microcents)$/;
/** These count other things, too: they are money on their own, or below what speaks of money. */
const VAGUE = /^(total|amount)$/;
const MONEY = /cost|fee|price|bill|charge/i;
/** Microcents are whole: a fraction under a known name is of an unknown unit. */
const Amount = z.union([
  Integer.transform((value) => ({ value, error: undefined })),
  z.object({ value: Integer.nullish(), error: z.string().nullish() }),
]);
const DEEPEST = 8;
/** A program that reads `--json` may want all of a real answer; more is a mistake of the server. */
const MAX_OTHERS = 10_000;

/** Reads an answer of unknown shape by its shape. What is in a list, or not in dollars, is not taken for the task's cost. */
export function readTaskCost(body: unknown): TaskCost {
  const found: FoundAmounts = { amounts: [], others: [] };
  collect(body, { path: [], isDollars: true }, found);
  return found;
}

interface AmountPath {
  readonly path: readonly (string | number)[];
  readonly isDollars: boolean;
}

interface FoundAmounts extends TaskCost {
  readonly amounts: TaskAmount[];
  readonly others: TaskCost['others'][number][];
}

function collect(value: unknown, place: AmountPath, found: FoundAmounts): void {
  const { path } = place;
  const isDollars = place.isDollars && isInDollars(value);
  const amount = isDollars && isMoney(path) ? amountOf(value, titleOf(path)) : undefined;
  if (amount) found.amounts.push(amount);
  const inner = membersOf(value).filter(([key]) => !amount || (key !== 'value' && key !== 'error'));
  if (inner.length > 0 && path.length < DEEPEST) {
    const below = isDollars && !Array.isArray(value);
    for (const [key, member] of inner) collect(member, { path: [...path, key], isDollars: below }, found);
  } else if (!amount && found.others.length < MAX_OTHERS) {
    found.others.push({ path: titleOf(path), text: textOf(value) });
  }
}

function isInDollars(body: unknown): boolean {
  const named = z.object({ currency: z.string() }).safeParse(body);
  return !named.success || named.data.currency.toUpperCase() === 'USD';
}

function isMoney(path: AmountPath['path']): boolean {
  const [name = '', ...above] = path.map(String).reverse();
  return NAME.test(name) && (!VAGUE.test(name) || above.every((step) => MONEY.test(step)));
}

function amountOf(value: unknown, name: string): TaskAmount | undefined {
  const amount = Amount.safeParse(value);
  if (!amount.success) return undefined;
  const { value: microcents, error } = amount.data;
  if (error) return { name, error: oneLine(error) };
  return microcents === undefined || microcents === null
    ? undefined
    : { name, usd: fromInteger(microcents, -8) };
}

function membersOf(value: unknown): (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return [...value.entries()];
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

/** `fees.total`, `events[0].type`. */
function titleOf(path: AmountPath['path']): string {
  const steps = path.map((step, index) =>
    typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`,
  );
  return oneLine(steps.join(''));
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : '[…]';
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0 ? '{}' : '{…}';
  return oneLine(String(value));
}
