import { existsSync } from 'node:fs';
import { loadConfig } from '../config/load.ts';
import type { AuditInput } from '../core/ledger/audit.ts';
import { streamsOf } from '../poll/open-account.ts';
import type { Provider } from '../providers/api/provider.ts';
import { backUp } from '../store/backup.ts';
import { problemsIn } from '../store/check.ts';
import { accountsIn, forgetAccount } from '../store/forget.ts';
import { openDatabase, openExisting } from '../store/open.ts';
import { rebaseAccount } from '../store/reset-counters.ts';
import { restoreLedger } from '../store/restore.ts';
import { EXIT, type Io, type LedgerLocation, type LedgerOptions } from './io.ts';

type Registry = readonly Provider<unknown>[];

/**
 * Checks, backs up or restores a ledger, or resets or deletes an account. No exporter may use the ledger meanwhile.
 *
 * @throws {ConfigError} if the configuration that names it cannot be used.
 * @throws {StoreError} if the ledger cannot be used, or must not be changed.
 */
export async function maintainLedger(options: LedgerOptions, io: Io, registry: Registry): Promise<number> {
  const path = pathOf(options, io, registry);
  if (path === undefined) {
    io.stderr.write('specify the ledger: --state FILE, or --config FILE to use its state.path\n');
    return EXIT.misused;
  }
  if (options.action === 'check') return check(path, io, registry);
  if (options.action === 'backup') return writeBackup(path, options.file, io);
  if (options.action === 'restore') return restore(path, options.file, io, registry);
  return changeAccount(path, options, io, registry);
}

function pathOf({ config, state }: LedgerLocation, io: Io, registry: Registry): string | undefined {
  return state ?? (config === undefined ? undefined : loadConfig(config, io.env, registry).state.path);
}

/** How each stream is read, regardless of how its account is configured. */
function settingsFrom(registry: Registry): AuditInput['settingsOf'] {
  return ({ provider: id }, stream) => {
    const provider = registry.find((each) => each.id === id);
    return provider && streamsOf(provider, provider.config.parse({})).find(({ name }) => name === stream);
  };
}

const REMEDY = 'restore a backup (ledger restore), or move the file away to start a new ledger';

function check(path: string, io: Io, registry: Registry): number {
  using database = openExisting(path);
  const problems = problemsIn(database, settingsFrom(registry));
  const lines = problems.length === 0 ? ['ok'] : [...problems, REMEDY];
  io.stdout.write(`${lines.map((line) => `${path}: ${line}`).join('\n')}\n`);
  return problems.length === 0 ? EXIT.good : EXIT.failed;
}

async function writeBackup(path: string, file: string, io: Io): Promise<number> {
  using database = openExisting(path);
  await backUp(database, file, false);
  io.stdout.write(`${path} was backed up to ${file}\n`);
  return EXIT.good;
}

async function restore(path: string, from: string, io: Io, registry: Registry): Promise<number> {
  const aside = await restoreLedger({ path, from, now: Date.now(), settingsOf: settingsFrom(registry) });
  io.stdout.write(`${path} was restored from ${from}; its counters start at 0\n`);
  if (aside !== undefined) io.stdout.write(`the previous ledger is kept as ${aside}\n`);
  return EXIT.good;
}

type AccountOptions = LedgerOptions & { action: 'forget' | 'rebase' };

const WARNINGS = {
  forget: (path: string, account: string) => `permanently deletes ${account} from ${path}`,
  rebase: (path: string, account: string) => `resets every counter of ${account} in ${path} to 0`,
};

async function changeAccount(
  path: string,
  options: AccountOptions,
  io: Io,
  registry: Registry,
): Promise<number> {
  const { action, account, yes } = options;
  const [, provider = '', name = ''] = /^([^/]*)\/(.*)$/s.exec(account) ?? [];
  const quoted = JSON.stringify(account);
  const known = accountsOf(path);
  if (!known.includes(account)) {
    const hint =
      known.length > 0 ? `; known accounts: ${known.map((each) => JSON.stringify(each)).join(', ')}` : '';
    io.stderr.write(`${path} has no account ${quoted}${hint}\n`);
    return EXIT.failed;
  }
  if (!yes) {
    io.stderr.write(`this ${WARNINGS[action](path, quoted)}; add --yes to confirm\n`);
    return EXIT.misused;
  }
  if (action === 'forget') {
    await forgetAccount(path, provider, name);
    io.stdout.write(`${quoted} was deleted from ${path}\n`);
    const backup = `${path}.backup`;
    if (existsSync(backup)) io.stdout.write(`${backup} may still contain it: delete that file too\n`);
    return EXIT.good;
  }
  using database = openDatabase(path);
  rebaseAccount(database, { provider, name, now: Date.now(), settingsOf: settingsFrom(registry) });
  io.stdout.write(`the counters of ${quoted} in ${path} were reset to 0; its cells and windows are kept\n`);
  return EXIT.good;
}

function accountsOf(path: string): string[] {
  using database = openExisting(path);
  return accountsIn(database);
}
