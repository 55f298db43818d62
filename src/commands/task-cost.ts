import type { Account } from '../config/config.ts';
import { formatDecimal } from '../core/values/money.ts';
import { SECOND } from '../core/values/time.ts';
import { PollError } from '../providers/api/errors.ts';
import type { Provider, TaskCost, Tasks } from '../providers/api/provider.ts';
import { openClient } from './client.ts';
import { configured } from './configured.ts';
import { EXIT, type Io } from './io.ts';
import type { TaskCostOptions } from './options.ts';

/** Whoever waits at a terminal rather hears that the provider wants no requests for an hour. */
const PATIENCE_MS = 30 * SECOND;

/** An account that can be asked. */
interface TaskQuestion {
  readonly account: Account;
  readonly tasks: Tasks;
}

/**
 * Asks what a single task cost and prints what is understood of the answer, and plainly what is not. No ledger is opened.
 *
 * @throws {ConfigError} when the configuration cannot be used.
 * @throws {PollError} for any failure but a task that is not there.
 */
export async function taskCost(
  options: TaskCostOptions,
  io: Io,
  registry: readonly Provider<unknown>[],
): Promise<number> {
  const { accounts } = configured(options.config, io, registry);
  const asked = askedOf(accounts, options, registry);
  if ('problem' in asked) {
    io.stderr.write(`${asked.problem}\n`);
    return EXIT.misused;
  }
  const cost = await costOf(asked, options.task, io.signal);
  if (cost === undefined) {
    io.stderr.write('no such task, or it has no cost yet\n');
    return EXIT.failed;
  }
  io.stdout.write(options.json ? jsonOf(cost, asked, options.task) : textOf(cost, asked, options.task));
  return isUnderstood(cost) ? EXIT.good : EXIT.failed;
}

function askedOf(
  accounts: readonly Account[],
  { account: name, task }: TaskCostOptions,
  registry: readonly Provider<unknown>[],
): TaskQuestion | { readonly problem: string } {
  const able = accounts.flatMap((account): TaskQuestion[] => {
    const { tasks } = account.provider;
    return tasks ? [{ account, tasks }] : [];
  });
  const named = name === undefined ? able : able.filter(({ account }) => account.name === name);
  const [asked] = named;
  if (asked === undefined || named.length > 1) return { problem: problemOf(able, name, registry) };
  if (!asked.tasks.isId(task))
    return { problem: `${shown(task)} is no task id: it has ${asked.tasks.idForm}` };
  return asked;
}

function problemOf(
  able: readonly TaskQuestion[],
  name: string | undefined,
  registry: readonly Provider<unknown>[],
): string {
  const ids = registry.filter(({ tasks }) => tasks).map(({ id }) => id);
  const kind = `account of ${ids.join(' or ')}`;
  if (able.length === 0) return `there is no ${kind}, which alone can be asked for the cost of a task`;
  const known = able.map(({ account }) => shown(account.name)).join(', ');
  if (name === undefined) return `name one ${kind} with --account: ${known}`;
  return `--account ${shown(name)} is no ${kind}; there is ${known}`;
}

/** Undefined where there is no such task. */
async function costOf(
  { account, tasks }: TaskQuestion,
  task: string,
  signal: AbortSignal,
): Promise<TaskCost | undefined> {
  const client = openClient(account, PATIENCE_MS);
  try {
    return await tasks.cost(client.ask(signal), task);
  } catch (error) {
    if (error instanceof PollError && error.status === 404) return undefined;
    throw error;
  } finally {
    await client.close();
  }
}

function isUnderstood({ amounts }: TaskCost): boolean {
  return amounts.some((amount) => 'usd' in amount);
}

/** Of an answer that holds more, `--json` tells the rest. */
const MOST_LINES = 100;

function textOf(cost: TaskCost, { account }: TaskQuestion, task: string): string {
  const { amounts, others } = cost;
  const known = amounts.map((amount) => [
    amount.name,
    'usd' in amount ? `${formatDecimal(amount.usd)} USD` : `failed: ${amount.error}`,
  ]);
  const rest = others.map(({ path, text }) => [path === '' ? 'the whole answer' : path, text]);
  const more = rest.length - MOST_LINES;
  return [
    `task ${task} of ${account.provider.id} ${shown(account.name)}`,
    ...(known.length > 0 ? table(known) : ['  nothing of the answer is understood as a cost']),
    ...(rest.length > 0
      ? ['not understood, as the answer has it:', ...table(rest.slice(0, MOST_LINES))]
      : []),
    ...(more > 0 ? [`  and ${more} more; see --json`] : []),
    '',
  ].join('\n');
}

function table(rows: readonly (readonly string[])[]): string[] {
  const width = rows.reduce((widest, [name = '']) => Math.max(widest, name.length), 0);
  return rows.map(([name = '', value]) => `  ${name.padEnd(width)}  ${value}`);
}

function jsonOf({ amounts, others }: TaskCost, { account }: TaskQuestion, task: string): string {
  const shape = {
    provider: account.provider.id,
    account: account.name,
    task,
    amounts: amounts.map((amount) =>
      'usd' in amount ? { name: amount.name, usd: formatDecimal(amount.usd) } : amount,
    ),
    notUnderstood: others,
  };
  return `${JSON.stringify(shape, null, 2)}\n`;
}

/** Text of the user's in quotes, cut, and harmless to a terminal. */
function shown(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
