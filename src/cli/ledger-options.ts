import { type Command, Option } from 'commander';
import type { LedgerOptions, LedgerPlace } from '../commands/options.ts';

/** Adds what can be done with a ledger to its command. */
export function addLedger(ledger: Command, run: (options: LedgerOptions) => Promise<void>): void {
  const add = (name: string, description: string) =>
    ledger
      .command(name)
      .description(description)
      .allowExcessArguments(false)
      .option('-c, --config <file>', 'the configuration whose state.path it is')
      .addOption(new Option('-s, --state <file>', 'the ledger itself').conflicts('config'));
  add('check', 'say everything that is wrong with it; nothing is changed').action(
    async (place: LedgerPlace) => run({ ...place, action: 'check' }),
  );
  for (const [action, what] of [
    ['backup', 'write a copy; a running exporter does so at SIGUSR2'],
    ['restore', 'put a backup in its place, in a new epoch'],
  ] as const) {
    add(action, what)
      .argument('<file>', 'the backup')
      .action(async (file: string, place: LedgerPlace) => run({ ...place, action, file }));
  }
  for (const [action, what] of [
    ['rebase', "begin an account's counters at 0 again, in a new epoch; cells and windows stay"],
    ['forget', 'take an account out of it for good'],
  ] as const) {
    add(action, what)
      .requiredOption('-a, --account <provider/name>', 'the account')
      .option('--yes', 'do it; without it nothing is changed')
      .action(async (options: LedgerPlace & { account: string; yes?: boolean }) =>
        run({ ...options, action }),
      );
  }
}
