import { type Command, Option } from 'commander';
import type { LedgerOptions, LedgerPlace } from '../commands/options.ts';

/** Adds what can be done with a ledger to its command. */
export function addLedger(ledger: Command, run: (options: LedgerOptions) => Promise<void>): void {
  const add = (name: string, description: string) =>
    ledger
      .command(name)
      .description(description)
      .allowExcessArguments(false)
      .option('-c, --config <file>', 'configuration that names the ledger (state.path)')
      .addOption(new Option('-s, --state <file>', 'ledger file').conflicts('config'));
  add('check', 'verify integrity (read-only)').action(async (place: LedgerPlace) =>
    run({ ...place, action: 'check' }),
  );
  for (const [action, what] of [
    ['backup', 'write a copy (a running exporter does so on SIGUSR2)'],
    ['restore', 'replace the ledger with a backup, starting a new epoch'],
  ] as const) {
    add(action, what)
      .argument('<file>', 'the backup')
      .action(async (file: string, place: LedgerPlace) => run({ ...place, action, file }));
  }
  for (const [action, what] of [
    ['rebase', "reset an account's counters to 0, starting a new epoch; cells and windows are kept"],
    ['forget', 'permanently delete an account from the ledger'],
  ] as const) {
    add(action, what)
      .requiredOption('-a, --account <provider/name>', 'the account')
      .option('--yes', 'confirm; without it nothing changes')
      .action(async (options: LedgerPlace & { account: string; yes?: boolean }) =>
        run({ ...options, action }),
      );
  }
}
