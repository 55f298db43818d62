import { titleOf } from '../app/duplicate-billing.ts';
import type { Account, Config } from '../config/config.ts';
import type { PollError } from '../providers/api/errors.ts';
import type { Provider } from '../providers/api/provider.ts';
import type { LedgerTrial } from '../store/trial.ts';
import { summaryOf } from './check-summary.ts';
import { type CheckOptions, EXIT, type Io } from './io.ts';
import { addressOf, listenProblem } from './listen-problem.ts';
import { loadAndRedact } from './load-config.ts';

/** The test of an account's credential; `isTried` is false if nothing is due to be requested yet. */
export type ProbeResult =
  | { readonly ok: true; readonly isTried: boolean }
  | ({ readonly ok: false } & Pick<PollError, 'reason' | 'message' | 'hint'>);

/** What `check` uses, injected so that it can be tested without a network. */
export interface CheckTools {
  readonly registry: readonly Provider<unknown>[];
  probe(account: Account, signal: AbortSignal): Promise<ProbeResult>;
  /** Listens for a moment. @throws what the system refuses. */
  tryListen(host: string, port: number): Promise<void>;
  tryLedger(path: string): LedgerTrial;
}

/** One line or more about something that was tried. */
interface Verdict {
  readonly ok: boolean;
  readonly text: string;
}

/**
 * Validates the configuration, prints a summary, and tries the port, the ledger and each credential once.
 *
 * @throws {ConfigError} if the configuration cannot be used.
 */
export async function check(options: CheckOptions, io: Io, tools: CheckTools): Promise<number> {
  const config = loadAndRedact(options.config, io, tools.registry);
  io.stdout.write(`${summaryOf(config, options.config)}\n`);
  if (options.offline) return EXIT.good;
  const [local, ...credentials] = await Promise.all([
    tryLocal(config, tools),
    ...config.accounts.map(async (account) => verdictOf(account, await tools.probe(account, io.signal))),
  ]);
  const verdicts = [...local, ...credentials];
  io.stdout.write(verdicts.map(({ text }) => `${text}\n`).join(''));
  return verdicts.every(({ ok }) => ok) ? EXIT.good : EXIT.failed;
}

/** If both the port and the ledger are taken, an exporter is running with this configuration, which is no mistake. */
async function tryLocal({ server, state }: Config, tools: CheckTools): Promise<Verdict[]> {
  const { host, port } = server;
  const refusal = await tools.tryListen(host, port).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const ledger = tools.tryLedger(state.path);
  if (refusal && isTaken(refusal.error) && ledger.kind === 'in_use') {
    const text = `port ${addressOf(server)} and ledger ${state.path}: not tested: in use, probably by a running exporter`;
    return [{ ok: true, text }];
  }
  return [
    refusal
      ? { ok: false, text: `port: ${listenProblem(server, refusal.error)}` }
      : { ok: true, text: `port ${addressOf(server)}: can be used` },
    ledgerVerdict(state.path, ledger),
  ];
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function ledgerVerdict(path: string, trial: LedgerTrial): Verdict {
  if (trial.kind !== 'usable') return { ok: false, text: `ledger: ${trial.problem}` };
  return { ok: true, text: `ledger ${path}: can be ${trial.exists ? 'used' : 'created'}` };
}

function verdictOf(account: Account, probed: ProbeResult): Verdict {
  const name = titleOf(account);
  if (probed.ok)
    return {
      ok: true,
      text: `${name}: ${probed.isTried ? 'credential works' : 'not tested: nothing is due yet'}`,
    };
  const { reason, message, hint } = probed;
  const { host } = new URL(account.baseUrl);
  const asked = `asked ${host} with the key from ${account.keySource}`;
  return { ok: false, text: `${name}: ${reason}: ${message}\n  ${asked}\n  ${hint}` };
}
