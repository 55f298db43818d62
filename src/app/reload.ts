import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.ts';
import type { OpenTelemetry } from '../config/otel/open-telemetry.ts';
import { ConfigError, formatProblem } from '../config/yaml/errors.ts';
import type { Instant } from '../core/values/time.ts';
import { pollErrorOf } from '../poll/poll-outcome.ts';
import type { Receiver } from '../push/receiver.ts';
import type { Logger } from '../runtime/log.ts';
import type { ReloadOutcome } from '../server/server.ts';
import type { ReplacedAccounts } from './account-set.ts';

export interface ReloaderOptions {
  readonly started: Config;
  /**
   * Reads the configuration again; undefined if there is no file.
   *
   * @throws {ConfigError}
   */
  readonly read: (() => Config) | undefined;
  readonly app: {
    update(config: Config): Promise<ReplacedAccounts>;
    readonly self: { configLoaded(outcome: { readonly ok: boolean; readonly at: Instant }): void };
  };
  readonly log: Logger;
  readonly now: () => Instant;
}

const STOPPING = { ok: false, reason: 'the exporter is stopping' } as const satisfies ReloadOutcome;

/** Reloads the configuration on request, one reload at a time. */
export class Reloader {
  readonly #options: ReloaderOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting: Promise<ReloadOutcome> | undefined;
  #isStopped = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** Never rejects. Requests during a reload share the next one. */
  reload(): Promise<ReloadOutcome> {
    this.#waiting ??= this.#last.then(() => {
      this.#waiting = undefined;
      return this.#isStopped ? STOPPING : reloadOnce(this.#options);
    });
    this.#last = this.#waiting;
    return this.#waiting;
  }

  /** Waits for the reload under way and refuses all others. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#last;
  }
}

const NO_FILE = 'no configuration file to reload; a running process keeps its environment';

async function reloadOnce({ started, read, app, log, now }: ReloaderOptions): Promise<ReloadOutcome> {
  try {
    const config = read?.() ?? started;
    const warnings = read ? restartRequired(started, config) : [NO_FILE];
    const replaced = await app.update(config);
    log.level = config.log.level;
    app.self.configLoaded({ ok: true, at: now() });
    for (const warning of warnings) log.warn({ warning }, 'some changes require a restart');
    log.info({ accounts: config.accounts.length, ...replaced }, 'configuration reloaded');
    return { ok: true, warnings };
  } catch (error) {
    app.self.configLoaded({ ok: false, at: now() });
    return { ok: false, reason: reasonOf(error, log) };
  }
}

/** Logs what is wrong and returns it as text. */
function reasonOf(error: unknown, log: Logger): string {
  const what = 'configuration reload failed; keeping the current configuration';
  if (error instanceof ConfigError) {
    log.warn({ problems: error.problems.map(formatProblem) }, what);
    return error.message;
  }
  const known = pollErrorOf(error);
  if (known) log.warn({ reason: known.reason, message: known.message }, what);
  else log.error({ err: error }, `${what}: internal error`);
  return known?.message ?? 'internal error; see the log';
}

/** The parts of the configuration that a running process cannot change. */
const FIXED: Readonly<Record<string, (config: Config) => unknown>> = {
  server: ({ server }) => server,
  'state.path': ({ state }) => state.path,
  'log.format': ({ log }) => log.format,
  opentelemetry: ({ openTelemetry }) => comparable(openTelemetry),
  history: ({ history: { remoteWrite, ...rest } = {} }) => ({
    ...rest,
    remoteWrite: remoteWrite && { labels: remoteWrite.labels, receiver: plain(remoteWrite.receiver) },
  }),
};

export function restartRequired(started: Config, next: Config): string[] {
  return Object.entries(FIXED).flatMap(([key, part]) =>
    isDeepStrictEqual(part(started), part(next)) ? [] : `${key} changed: restart to apply`,
  );
}

/** Includes what functions and hidden properties keep from being printed. */
function comparable({ receivers, traces, ...rest }: OpenTelemetry) {
  return {
    ...rest,
    receivers: receivers.map(plain),
    traces: traces && { ...traces, receiver: plain(traces.receiver) },
  };
}

function plain<Rest>({ headers, tls, ...receiver }: Rest & Pick<Receiver, 'headers' | 'tls'>) {
  const { ca, cert, key, serverName } = tls;
  return { ...receiver, headers: headers(), tls: { ca, cert, key, serverName } };
}
