import type { Account } from '../config/config.ts';
import { formatDecimal } from '../core/values/money.ts';
import { SECOND } from '../core/values/time.ts';
import { PollError } from '../providers/api/errors.ts';
import type { Provider } from '../providers/api/provider.ts';
import type { TaskCost, Tasks } from '../providers/api/tasks.ts';
import { openClient } from './client.ts';
import { EXIT, type Io, type TaskCostOptions } from './io.ts';
import { loadAndRedact } from './load-config.ts';

/** Nobody at a terminal wants to wait longer for a provider's rate limit. */
const MAX_WAIT_MS = 30 * SECOND;

/** An account whose provider reports costs of tasks. */
interface TaskAccount {
  readonly account: Account;
  readonly tasks: Tasks;
}

/**
 * Prints what a single task cost: the recognized parts of the response, and the rest as it is. No ledger is opened.
 *
 * @throws {ConfigError} if the configuration cannot be used.
 * @throws {PollError} for any failure except a missing task.
 */
export async function taskCost(
  options: TaskCostOptions,
  io: Io,
  registry: readonly Provider<unknown>[],
): Promise<number> {
  const { accounts } = loadAndRedact(options.config, io, registry);
  const chosen = accountFor(accounts, options, registry);
  if ('problem' in chosen) {
    io.stderr.write(`${chosen.problem}\n`);
    return EXIT.misused;
  }
  const cost = await costOf(chosen, options.task, io.signal);
  if (cost === undefined) {
    io.stderr.write('no such task, or it has no cost yet\n');
    return EXIT.failed;
  }
  io.stdout.write(options.json ? jsonOf(cost, chosen, options.task) : textOf(cost, chosen, options.task));
  return hasCost(cost) ? EXIT.good : EXIT.failed;
}

function accountFor(
  accounts: readonly Account[],
  { account: name, task }: TaskCostOptions,
  registry: readonly Provider<unknown>[],
): TaskAccount | { readonly problem: string } {
  const able = accounts.flatMap((account): TaskAccount[] => {
    const { tasks } = account.provider;
    return tasks ? [{ account, tasks }] : [];
  });
  const named = name === undefined ? able : able.filter(({ account }) => account.name === name);
  const [asked] = named;
  if (asked === undefined || named.length > 1) return { problem: problemOf(able, name, registry) };
  if (!asked.tasks.isId(task))
    return { problem: `${shown(task)} is not a task id: expected ${asked.tasks.idForm}` };
  return asked;
}

function problemOf(
  able: readonly TaskAccount[],
  name: string | undefined,
  registry: readonly Provider<unknown>[],
): string {
  const ids = registry.filter(({ tasks }) => tasks).map(({ id }) => id);
  const kind = `account of ${ids.join(' or ')}`;
  if (able.length === 0) return `no ${kind} is configured; no other provider reports the cost of a task`;
  const known = able.map(({ account }) => shown(account.name)).join(', ');
  if (name === undefined) return `choose an ${kind} with --account: ${known}`;
  return `--account ${shown(name)} is not an ${kind}; known: ${known}`;
}

async function costOf(
  { account, tasks }: TaskAccount,
  task: string,
  signal: AbortSignal,
): Promise<TaskCost | undefined> {
  const client = openClient(account, MAX_WAIT_MS);
  try {
    return await tasks.cost(client.ask(signal), task);
  } catch (error) {
    if (error instanceof PollError && error.status === 404) return undefined;
    throw error;
  } finally {
    await client.close();
  }
}

function hasCost({ amounts }: TaskCost): boolean {
  return amounts.some((amount) => 'usd' in amount);
}

/** `--json` prints the rest of a longer response. */
const MAX_LINES = 100;

function textOf(cost: TaskCost, { account }: TaskAccount, task: string): string {
  const { amounts, others } = cost;
  const known = amounts.map((amount) => [
    amount.name,
    'usd' in amount ? `${formatDecimal(amount.usd)} USD` : `failed: ${amount.error}`,
  ]);
  const rest = others.map(({ path, text }) => [path === '' ? 'the whole response' : path, text]);
  const more = rest.length - MAX_LINES;
  return [
    `task ${task} of ${account.provider.id} ${shown(account.name)}`,
    ...(known.length > 0 ? table(known) : ['  no cost found in the response']),
    ...(rest.length > 0 ? ['not recognized, as in the response:', ...table(rest.slice(0, MAX_LINES))] : []),
    ...(more > 0 ? [`  and ${more} more; see --json`] : []),
    '',
  ].join('\n');
}

function table(rows: readonly (readonly string[])[]): string[] {
  const width = rows.reduce((widest, [name = '']) => Math.max(widest, name.length), 0);
  return rows.map(([name = '', value]) => `  ${name.padEnd(width)}  ${value}`);
}

function jsonOf({ amounts, others }: TaskCost, { account }: TaskAccount, task: string): string {
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

/** User input quoted, shortened and safe for a terminal. */
function shown(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
