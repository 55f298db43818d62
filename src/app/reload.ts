import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.ts';
import type { OpenTelemetry, ReceiverConfig } from '../config/otel/config.ts';
import { ConfigError, formatProblem } from '../config/yaml/errors.ts';
import type { Instant } from '../core/values/time.ts';
import { pollErrorOf } from '../poll/poll-outcome.ts';
import type { Logger } from '../runtime/log.ts';
import type { ReloadOutcome } from '../server/server.ts';
import type { ReplacedAccounts } from './account-set.ts';

export interface ReloaderOptions {
  /** The configuration that the process was started with. */
  readonly started: Config;
  /**
   * Reads it again; undefined where there is no file.
   *
   * @throws {ConfigError}
   */
  readonly read: (() => Config) | undefined;
  readonly app: {
    take(config: Config): Promise<ReplacedAccounts>;
    readonly self: { configLoaded(outcome: { readonly ok: boolean; readonly at: Instant }): void };
  };
  readonly log: Logger;
  readonly now: () => Instant;
}

/** Reads the configuration again when told to, one reading after the other. */
export interface Reloader {
  /** Never rejects. Those that ask while one is under way share the one after it. */
  reload(): Promise<ReloadOutcome>;
  /** Lets the one under way end, and refuses all others. */
  stop(): Promise<void>;
}

const STOPPING = { ok: false, reason: 'the exporter is stopping' } as const satisfies ReloadOutcome;

export function createReloader(options: ReloaderOptions): Reloader {
  let last: Promise<unknown> = Promise.resolve();
  let waiting: Promise<ReloadOutcome> | undefined;
  let isStopped = false;
  const next = () => {
    waiting = undefined;
    return isStopped ? STOPPING : reloadOnce(options);
  };
  return {
    reload() {
      waiting ??= last.then(next);
      last = waiting;
      return waiting;
    },
    async stop() {
      isStopped = true;
      await last;
    },
  };
}

const NO_FILE = 'there is no configuration file: nothing changes, for a process keeps its environment';

async function reloadOnce({ started, read, app, log, now }: ReloaderOptions): Promise<ReloadOutcome> {
  try {
    const config = read?.() ?? started;
    const warnings = read ? restartRequired(started, config) : [NO_FILE];
    const replaced = await app.take(config);
    app.self.configLoaded({ ok: true, at: now() });
    for (const warning of warnings) log.warn({ warning }, 'the configuration waits for a restart in part');
    log.info({ accounts: config.accounts.length, ...replaced }, 'the configuration was reloaded');
    return { ok: true, warnings };
  } catch (error) {
    app.self.configLoaded({ ok: false, at: now() });
    return { ok: false, reason: reasonOf(error, log) };
  }
}

/** Says in the log and in one text what is wrong. */
function reasonOf(error: unknown, log: Logger): string {
  const what = 'the configuration was not reloaded; the one before stays';
  if (error instanceof ConfigError) {
    log.warn({ problems: error.problems.map(formatProblem) }, what);
    return error.message;
  }
  const known = pollErrorOf(error);
  if (known) log.warn({ reason: known.reason, message: known.message }, what);
  else log.error({ err: error }, `${what}: a bug of ours`);
  return known?.message ?? 'a bug of ours; the log has more';
}

/** What a running process cannot change, with the part of the configuration that says it. */
const FIXED: Readonly<Record<string, (config: Config) => unknown>> = {
  server: ({ server }) => server,
  'state.path': ({ state }) => state.path,
  opentelemetry: ({ openTelemetry }) => told(openTelemetry),
};

/** Says of each thing that differs and cannot change in a running process that it waits for a restart. */
export function restartRequired(started: Config, next: Config): string[] {
  return Object.entries(FIXED).flatMap(([key, part]) =>
    isDeepStrictEqual(part(started), part(next))
      ? []
      : `${key} has changed and waits for a restart: it stays as it was at the start`,
  );
}

/** With what functions and hidden properties keep from being printed. */
function told({ receivers, traces, ...rest }: OpenTelemetry) {
  return {
    ...rest,
    receivers: receivers.map(plain),
    traces: traces && { ...traces, receiver: plain(traces.receiver) },
  };
}

function plain({ headers, tls: { ca, cert, key }, ...receiver }: ReceiverConfig) {
  return { ...receiver, headers: headers(), tls: { ca, cert, key } };
}
