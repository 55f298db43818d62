import { enableCompileCache } from 'node:module';
import process from 'node:process';
import type { Io } from './commands/io.ts';

// Only what is imported after this line is cached, so everything else is imported later, and only when needed.
enableCompileCache();

/** How long a stopped process waits for a reader of its output that does not read. */
const UNREAD_MS = 500;

// Signals are handled, and errors written, while the rest is loading.
const [{ watchSignals }, { openStderr }] = await Promise.all([
  import('./runtime/signals.ts'),
  import('./runtime/stderr.ts'),
]);
const stderr = openStderr();
const { stop, onHangUp, onBackUp, endOnHangUp } = watchSignals(process, leave);

const { runCli } = await import('./cli/program.ts');
const { buildText } = await import('./runtime/version.ts');
const { Redactor, stackOf } = await import('./runtime/redactor.ts');
const { openStdout } = await import('./runtime/stdout.ts');
const registry = async () => (await import('./providers/index.ts')).PROVIDERS;
const redactor = new Redactor();
// An unexpected error ends the process as by default, but its text contains no secret.
process.on('uncaughtException', (error) => {
  stderr.write(`${redactor.redact(stackOf(error))}\n`);
  leave(1);
});
const stdout = openStdout((error) => {
  // `poll | head` closes the pipe early, which is not a failure.
  if (error.code === 'EPIPE') leave(0);
  stderr.write(`cannot write to standard output: ${error.message}\n`);
  leave(1);
});
const io = { stdout, stderr, env: process.env, signal: stop, redactor };
/** Only the daemon outlives its terminal. */
const once =
  <Options>(command: (options: Options, io: Io) => Promise<number>) =>
  (options: Options, io: Io) => {
    endOnHangUp();
    return command(options, io);
  };
const daemon =
  <Options, DaemonIo>(command: (options: Options, io: DaemonIo) => Promise<number>) =>
  (options: Options, io: DaemonIo) => {
    stdout.release();
    return command(options, io);
  };

const code = await runCli(process.argv.slice(2), {
  version: buildText(),
  io,
  commands: {
    serve: daemon(async (options, io) =>
      (await import('./commands/serve.ts')).serve(options, { ...io, onHangUp, onBackUp }),
    ),
    demo: daemon(once(async (options, io) => (await import('./commands/demo.ts')).demo(options, io))),
    poll: once(async (options, io) => (await import('./commands/poll.ts')).poll(options, io)),
    check: once(async (options, io) => {
      const [{ check }, { PROBES }] = await Promise.all([
        import('./commands/check.ts'),
        import('./commands/probe.ts'),
      ]);
      return check(options, io, { registry: await registry(), ...PROBES });
    }),
    costs: once(async (options, io) => {
      const { costs } = await import('./commands/costs.ts');
      return costs(options, io, await registry());
    }),
    exportFocus: once(async (options, io) => {
      const { exportFocus } = await import('./commands/export-focus.ts');
      return exportFocus(options, io, await registry());
    }),
    backfill: once(async (options, io) => {
      const { backfill } = await import('./commands/backfill.ts');
      return backfill(options, io, await registry());
    }),
    taskCost: once(async (options, io) => {
      const { taskCost } = await import('./commands/task-cost.ts');
      return taskCost(options, io, await registry());
    }),
    ledger: once(async (options, io) => {
      const { maintainLedger } = await import('./commands/ledger.ts');
      return maintainLedger(options, io, await registry());
    }),
    configSchema: once(async (options, io) => {
      const { configSchema } = await import('./commands/config-schema.ts');
      return configSchema(options, io, await registry());
    }),
  },
});
leave((await isDelivered()) ? code : 1);

/** Waits until the output has been read; once the process is asked to end, only for {@link UNREAD_MS}. */
async function isDelivered(): Promise<boolean> {
  const timedOut = new Promise<boolean>((resolve) => {
    const giveUp = () => setTimeout(resolve, UNREAD_MS, false);
    if (stop.aborted) giveUp();
    else stop.addEventListener('abort', giveUp, { once: true });
  });
  return Promise.race([stdout.end().then(() => true), timedOut]);
}

/**
 * `process.exit` waits for the threads that resolve names, which an unresponsive resolver blocks for half a minute or longer. In that case
 * a fresh process, which exits with the code, replaces this one.
 */
function leave(code: number): never {
  stderr.end();
  const isLookingUp = process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap');
  if (isLookingUp)
    process.execve?.(process.execPath, [process.execPath, '--eval', `process.exit(${code})`], {});
  process.exit(code);
}
