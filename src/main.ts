import { enableCompileCache } from 'node:module';
import process from 'node:process';
import type { Io } from './commands/io.ts';

// What comes after this line starts faster the second time; so everything else is imported after it, and only when needed.
enableCompileCache();

/** How long the end waits for a reader of what was printed who takes nothing. */
const UNREAD_MS = 500;

// A signal that comes while the rest is loaded is heard already, and what is said at its end is written.
const [{ watchSignals }, { openStderr }] = await Promise.all([
  import('./runtime/signals.ts'),
  import('./runtime/stderr.ts'),
]);
const stderr = openStderr();
const { stop, onHangUp, onBackUp, endOnHangUp } = watchSignals(process, leave);

const { runCli } = await import('./cli/program.ts');
const { buildText } = await import('./runtime/version.ts');
const { createRedactor, stackOf } = await import('./runtime/redactor.ts');
const { openStdout } = await import('./runtime/stdout.ts');
const registry = async () => (await import('./providers/index.ts')).PROVIDERS;
const vault = createRedactor();
// An unforeseen error ends the process as it would by itself, but its text holds no secret.
process.on('uncaughtException', (error) => {
  stderr.write(`${vault.clean(stackOf(error))}\n`);
  leave(1);
});
const stdout = openStdout((error) => {
  // `poll | head` closes the pipe early, which is no failure.
  if (error.code === 'EPIPE') leave(0);
  stderr.write(`standard output cannot be written: ${error.message}\n`);
  leave(1);
});
const io = { stdout, stderr, env: process.env, signal: stop, vault };
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
      const [{ check }, { probe }] = await Promise.all([
        import('./commands/check.ts'),
        import('./commands/probe.ts'),
      ]);
      return check(options, io, { registry: await registry(), probe });
    }),
    taskCost: once(async (options, io) => {
      const { taskCost } = await import('./commands/task-cost.ts');
      return taskCost(options, io, await registry());
    }),
    ledger: once(async (options, io) => {
      const { careForLedger } = await import('./commands/ledger.ts');
      return careForLedger(options, io, await registry());
    }),
    configSchema: once(async (options, io) => {
      const { configSchema } = await import('./commands/config-schema.ts');
      return configSchema(options, io, await registry());
    }),
  },
});
leave((await isTaken()) ? code : 1);

/** Waits for the reader of what was printed, but not once the process is asked to end: it may take nothing. */
async function isTaken(): Promise<boolean> {
  const asked = new Promise<boolean>((resolve) => {
    const giveUp = () => setTimeout(resolve, UNREAD_MS, false);
    if (stop.aborted) giveUp();
    else stop.addEventListener('abort', giveUp, { once: true });
  });
  return Promise.race([stdout.end().then(() => true), asked]);
}

/**
 * `process.exit` waits for the threads that look names up, which a resolver that does not answer keeps for half a minute or longer:
 * then a fresh process takes this one's place, which ends with the code.
 */
function leave(code: number): never {
  stderr.end();
  const isLookingUp = process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap');
  if (isLookingUp)
    process.execve?.(process.execPath, [process.execPath, '--eval', `process.exit(${code})`], {});
  process.exit(code);
}
