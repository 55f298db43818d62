import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import {
  type BackfillOptions,
  type CheckOptions,
  type Commands,
  type CostsOptions,
  type DemoOptions,
  EXIT,
  type ExportFocusOptions,
  type Io,
  type PollOptions,
  type ServeOptions,
  type TaskCostOptions,
} from '../commands/io.ts';
import { LOG_FORMATS, LOG_LEVELS } from '../config/config.ts';
import { ConfigError } from '../config/yaml/errors.ts';
import { nearest } from '../config/yaml/suggest.ts';
import { stackOf } from '../runtime/redactor.ts';
import { UsageError } from '../runtime/usage-error.ts';
import { completionScript, SHELLS, type Shell } from './completion.ts';
import { addBackfill, addCosts, addExportFocus, addLedger, withRemoteWrite } from './options.ts';

export interface Cli {
  readonly commands: Commands;
  readonly io: Io;
  readonly version: string;
}

const NAME = 'ai-billing-exporter';

/** Runs the command given by `args` (without the name of the program) and resolves to the exit code. */
export async function runCli(args: readonly string[], cli: Cli): Promise<number> {
  const { io } = cli;
  let code: number = EXIT.good;
  const program = programOf(cli, (result) => {
    code = result;
  });
  try {
    refuseUnknownCommand(program, args[0]);
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    return codeOf(error, io);
  }
}

function codeOf(error: unknown, io: Io): number {
  // Commander has printed its own message; it also throws after printing help or the version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.good : EXIT.misused;
  if (error instanceof ConfigError || error instanceof UsageError) {
    io.stderr.write(`${error.message}\n`);
    return EXIT.misused;
  }
  if (io.signal.aborted && error === io.signal.reason) {
    io.stderr.write('interrupted\n');
    return EXIT.failed;
  }
  io.stderr.write(`${io.redactor.redact(isExpected(error) ? error.message : stackOf(error))}\n`);
  return EXIT.failed;
}

/** A refusal by the system or a provider needs no stack; anything else is a bug, whose report needs one. */
function isExpected(error: unknown): error is Error {
  return (
    error instanceof Error &&
    ('syscall' in error || ['PollError', 'StoreError', 'RemoteWriteError'].includes(error.name))
  );
}

function programOf(cli: Cli, done: (code: number) => void): Command {
  const { io, version } = cli;
  const program: Command = new Command(NAME)
    .description('Exact costs of AI infrastructure providers for Prometheus and OpenTelemetry.')
    .version(version, '-v, --version', 'print the version')
    .addOption(new Option('-V').hideHelp())
    .on('option:V', () => void program.parse(['--version'], { from: 'user' }))
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
    .showHelpAfterError(`See ${NAME} --help.`)
    .addHelpText('after', `\nExit codes: 0 success, 1 runtime failure, 2 invalid usage or configuration.`);
  addCommands(program, cli, done);
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .allowExcessArguments(false)
    .action((shell: Shell) => void io.stdout.write(completionScript(program, shell)));
  return program;
}

function addCommands(program: Command, { commands, io }: Cli, done: (code: number) => void): void {
  const add = (name: string, description: string) =>
    program
      .command(name, { isDefault: name === 'serve' })
      .description(description)
      .allowExcessArguments(false);
  const config = () =>
    new Option('-c, --config <file>', 'configuration (default: one account per key in the environment)');

  withLogOptions(add('serve', 'run the exporter (the default command)').addOption(config())).action(
    async (options: ServeOptions) => done(await commands.serve(options, io)),
  );
  const demo = add('demo', 'run simulated providers and the exporter; no keys needed')
    .option('--host <address>', 'address the exporter listens on', '127.0.0.1')
    .option('-p, --port <number>', 'port of the exporter', portOf, 9464)
    .option('-s, --state <file>', 'ledger file, to continue after a restart (default: in memory)');
  withLogOptions(withRemoteWrite(demo), 'info').action(async (options: DemoOptions) =>
    done(await commands.demo(options, io)),
  );
  add('check', 'validate the configuration and test each credential once')
    .addOption(config())
    .option('--offline', 'do not test the credentials')
    .action(async (options: CheckOptions) => done(await commands.check(options, io)));
  const poll = add('poll', 'poll every feed once, print the result and exit')
    .addOption(config())
    .addOption(new Option('--json', 'print JSON').conflicts('metrics'))
    .addOption(new Option('--metrics', 'print the metrics page'));
  withLogOptions(poll, 'warn').action(async (options: PollOptions) => done(await commands.poll(options, io)));
  addCosts(add('costs', 'show what was spent, from a ledger or a running exporter'), config()).action(
    async (options: CostsOptions) => done(await commands.costs(options, io)),
  );
  const exporting = add('export', 'write what was spent as a file');
  addExportFocus(exporting.command('focus'), config()).action(async (options: ExportFocusOptions) =>
    done(await commands.exportFocus(options, io)),
  );
  addBackfill(add('backfill', 'write the history before the first scrape'), config()).action(
    async (options: BackfillOptions) => done(await commands.backfill(options, io)),
  );
  add('task-cost', 'show what a single task cost, according to the provider')
    .argument('<task-id>', 'task id, as assigned by the provider')
    .addOption(config())
    .option('-a, --account <name>', 'account to ask (default: the only one that supports it)')
    .option('--json', 'print JSON')
    .action(async (task: string, options: Omit<TaskCostOptions, 'task'>) =>
      done(await commands.taskCost({ ...options, task }, io)),
    );
  addLedger(add('ledger', 'maintain a ledger that no exporter is using'), async (options) =>
    done(await commands.ledger(options, io)),
  );
  add('config-schema', 'print the JSON Schema of the configuration').action(async (options: object) =>
    done(await commands.configSchema(options, io)),
  );
}

function withLogOptions(command: Command, defaultLevel = 'log.level, or info'): Command {
  const level = `least severe messages that are logged (default: ${defaultLevel})`;
  const format = 'how they are written (default: log.format, or pretty on a terminal and json elsewhere)';
  return command
    .addOption(new Option('--log-level <level>', level).choices(LOG_LEVELS))
    .addOption(new Option('--log-format <format>', format).choices(LOG_FORMATS));
}

/** As there is a default command, an unknown one would be reported as excess arguments. */
function refuseUnknownCommand(program: Command, first: string | undefined): void {
  const known = [...program.commands.map((command) => command.name()), 'help'];
  if (first === undefined || first.startsWith('-') || known.includes(first)) return;
  const guess = nearest(first, known);
  const hint = guess === undefined ? `known commands: ${known.join(', ')}` : `did you mean ${guess}?`;
  program.error(`error: unknown command '${first}'; ${hint}`);
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('A port is a number from 0 to 65535.');
}
