import { type Command, Option } from 'commander';
import {
  EXPORT_FORMATS,
  type ExportFormat,
  type LedgerLocation,
  type LedgerOptions,
  WINDOWS,
} from '../commands/io.ts';

/** Options of `costs`. */
export function addCosts(costs: Command, config: Option): Command {
  return withExporter(costs, config)
    .addOption(
      new Option('-w, --window <window>', 'UTC window (default: month_to_date)')
        .choices(WINDOWS)
        .conflicts(['from', 'to']),
    )
    .option('--from <date>', 'first day, in UTC')
    .option('--to <date>', 'day after the last')
    .option('--by <labels>', 'labels to group by, comma-separated', 'provider')
    .option('--match <label=pattern>', 'only what matches; * and ? are wildcards; can be repeated', collect)
    .option('--top <number>', 'list only the largest, and add up the others')
    .addOption(new Option('--step <step>', 'one line per day or month').choices(['day', 'month']))
    .addOption(new Option('--format <format>', 'output').choices(['table', 'csv', 'json']).default('table'));
}

/** Options of `export focus`. */
export function addExportFocus(focus: Command, config: Option): Command {
  const format = new Option('--format <format>', 'what is written').choices(EXPORT_FORMATS);
  return withExporter(focus, config)
    .description('write every cost as FOCUS 1.2 (CostAndUsage), from a ledger or a running exporter')
    .allowExcessArguments(false)
    .requiredOption('--from <date>', 'first day, in UTC')
    .requiredOption('--to <date>', 'day after the last')
    .requiredOption('-o, --output <file>', 'file to write, or - for standard output')
    .addOption(format.default('csv' satisfies ExportFormat));
}

/** Options of `backfill`. */
export function addBackfill(backfill: Command, config: Option): Command {
  const output = new Option('-o, --output <file>', 'OpenMetrics file, or a folder/ for one file per month');
  const from = backfill
    .addOption(config)
    .requiredOption('--from <date>', 'first day, in UTC')
    .option('--to <date>', "day after the last, or where the exporter's counters begin", 'baseline')
    .addOption(output.conflicts('remoteWrite'));
  return withRemoteWrite(from)
    .option('--dry-run', 'print how many requests it needs; send nothing')
    .option('--resume', 'continue a backfill that was stopped');
}

/** Where the history is sent. */
export function withRemoteWrite(command: Command): Command {
  return command
    .option('--remote-write <url>', 'receiver of remote write')
    .option('--label <name=value>', 'label of every series, such as job; can be repeated', collect);
}

/** Where to read from: a configuration's ledger, or a running exporter. */
function withExporter(command: Command, config: Option): Command {
  return command
    .addOption(config.conflicts('url'))
    .option('-u, --url <url>', 'ask a running exporter, such as http://localhost:9464')
    .option('--username <name>', 'user of the exporter')
    .option('--password-file <file>', 'file with its password (or AI_BILLING_EXPORTER_PASSWORD)')
    .option('--ca <file>', 'certificate authority of the exporter, PEM')
    .option('--cert <file>', 'client certificate, PEM')
    .option('--key <file>', 'key of the client certificate, PEM');
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** Commands of `ledger`. */
export function addLedger(ledger: Command, run: (options: LedgerOptions) => Promise<void>): void {
  const add = (name: string, description: string) =>
    ledger
      .command(name)
      .description(description)
      .allowExcessArguments(false)
      .option('-c, --config <file>', 'configuration that names the ledger (state.path)')
      .addOption(new Option('-s, --state <file>', 'ledger file').conflicts('config'));
  add('check', 'verify integrity (read-only)').action(async (place: LedgerLocation) =>
    run({ ...place, action: 'check' }),
  );
  for (const [action, what] of [
    ['backup', 'write a copy (a running exporter does so on SIGUSR2)'],
    ['restore', 'replace the ledger with a backup, starting a new epoch'],
  ] as const) {
    add(action, what)
      .argument('<file>', 'the backup')
      .action(async (file: string, place: LedgerLocation) => run({ ...place, action, file }));
  }
  for (const [action, what] of [
    ['rebase', "reset an account's counters to 0, starting a new epoch; cells and windows are kept"],
    ['forget', 'permanently delete an account from the ledger'],
  ] as const) {
    add(action, what)
      .requiredOption('-a, --account <provider/name>', 'the account')
      .option('--yes', 'confirm; without it nothing changes')
      .action(async (options: LedgerLocation & { account: string; yes?: boolean }) =>
        run({ ...options, action }),
      );
  }
}
