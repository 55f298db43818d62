import { enableCompileCache } from 'node:module';
import process from 'node:process';

// What comes after this line starts faster the second time; so everything else is imported after it, and only when needed.
enableCompileCache();

const { runCli } = await import('./cli.ts');
const { packageVersion } = await import('./version.ts');
const { createVault, stackOf } = await import('./vault.ts');
const registry = async () => (await import('./providers/index.ts')).PROVIDERS;

const vault = createVault();
// What nobody foresaw ends the process as it would by itself, but says nothing that is secret.
process.on('uncaughtException', (error) => {
  process.stderr.write(`${vault.clean(stackOf(error))}\n`);
  process.exit(1);
});
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
// `poll | head` closes the pipe early, which is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const code = await runCli(process.argv.slice(2), {
  version: packageVersion(),
  io: { stdout: process.stdout, stderr: process.stderr, env: process.env, signal: stop.signal, vault },
  commands: {
    serve: async (options, io) => (await import('./commands/serve.ts')).serve(options, io),
    demo: async (options, io) => (await import('./commands/demo.ts')).demo(options, io),
    poll: async (options, io) => (await import('./commands/poll.ts')).poll(options, io),
    check: async (options, io) => {
      const [{ check }, { probe }] = await Promise.all([
        import('./commands/check.ts'),
        import('./commands/probe.ts'),
      ]);
      return check(options, io, { registry: await registry(), probe });
    },
    taskCost: async (options, io) => {
      const { taskCost } = await import('./commands/task-cost.ts');
      return taskCost(options, io, await registry());
    },
    configSchema: async (options, io) => {
      const { configSchema } = await import('./commands/config-schema.ts');
      return configSchema(options, io, await registry());
    },
  },
});
process.stdout.write('', () => process.exit(code));
