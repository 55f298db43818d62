import { enableCompileCache } from 'node:module';
import process from 'node:process';
import type { Io } from './commands/io.ts';

// What comes after this line starts faster the second time; so everything else is imported after it, and only when needed.
enableCompileCache();

// A signal that comes while the rest is loaded is heard already.
const { watchSignals } = await import('./signals.ts');
const { stop, onHangUp, onBackUp, endOnHangUp } = watchSignals(process, leave);

const { runCli } = await import('./cli.ts');
const { buildText } = await import('./version.ts');
const { createVault, stackOf } = await import('./vault.ts');
const registry = async () => (await import('./providers/index.ts')).PROVIDERS;
const vault = createVault();
// What nobody foresaw ends the process as it would by itself, but says nothing that is secret.
process.on('uncaughtException', (error) => {
  process.stderr.write(`${vault.clean(stackOf(error))}\n`);
  process.exit(1);
});
const io = { stdout: process.stdout, stderr: process.stderr, env: process.env, signal: stop, vault };
/** Only the daemon outlives its terminal. */
const once =
  <Options>(command: (options: Options, io: Io) => Promise<number>) =>
  (options: Options, io: Io) => {
    endOnHangUp();
    return command(options, io);
  };
// `poll | head` closes the pipe early, which is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const code = await runCli(process.argv.slice(2), {
  version: buildText(),
  io,
  commands: {
    serve: async (options) =>
      (await import('./commands/serve.ts')).serve(options, { ...io, onHangUp, onBackUp }),
    demo: once(async (options, io) => (await import('./commands/demo.ts')).demo(options, io)),
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
process.stdout.write('', () => leave(code));

/**
 * `process.exit` waits for the threads that look names up, which a resolver that does not answer keeps for half a minute or longer:
 * then a fresh process takes this one's place, which ends with the code.
 */
function leave(code: number): void {
  const isLookingUp = process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap');
  if (isLookingUp)
    process.execve?.(process.execPath, [process.execPath, '--eval', `process.exit(${code})`], {});
  process.exit(code);
}
