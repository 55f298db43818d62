import type { Provider, SectionEntry } from '../providers/api/provider.ts';
import type { Account } from './config.ts';
import type { AccountsContext } from './credentials.ts';
import { isMapping } from './yaml/document.ts';
import { reportDuplicateNames, validate } from './yaml/issues.ts';
import { suggestion } from './yaml/suggest.ts';

type RawEntry = Readonly<Record<string, unknown>>;

/** Adds the entries of each section that only one provider reads to the accounts they name. */
export function withSections(
  accounts: readonly Account[],
  value: RawEntry,
  context: AccountsContext,
): Account[] {
  const entries = new Map(
    context.registry.map((provider) => [provider.id, entriesOf(provider, value, context)] as const),
  );
  return accounts.map((account) => {
    const { section, id } = account.provider;
    const own = entries.get(id)?.filter((entry) => (entry.account ?? account.name) === account.name) ?? [];
    return section && own.length > 0 ? { ...account, config: section.into(account.config, own) } : account;
  });
}

function entriesOf(provider: Provider<unknown>, value: RawEntry, context: AccountsContext): SectionEntry[] {
  const { section } = provider;
  const list = section && value[section.key];
  if (!section || !Array.isArray(list)) return [];
  const { problems } = context.document;
  const entries = list.flatMap((entry: unknown, index) => {
    const path = [section.key, index];
    const read = validate({ schema: section.entry, value: entry, path, problems });
    if (read) checkAccount(read, path, { provider, names: namesOf(provider, value), context });
    return read ?? [];
  });
  reportDuplicateNames(entries, [section.key], problems);
  return entries;
}

interface Check {
  readonly provider: Provider<unknown>;
  readonly names: readonly string[];
  readonly context: AccountsContext;
}

function checkAccount(entry: SectionEntry, path: (string | number)[], check: Check): void {
  const { problems } = check.context.document;
  const { id } = check.provider;
  if (check.names.length === 0) {
    problems.add(path, `needs an account of ${id}; add one or remove this entry`);
  } else if (entry.account !== undefined && !check.names.includes(entry.account)) {
    const here = [...path, 'account'];
    const known = suggestion(entry.account, check.names);
    problems.add(here, `${id} has no such account${known}${problems.quoteValue(here, entry.account)}`);
  }
}

function namesOf({ id }: Provider<unknown>, { accounts }: RawEntry): string[] {
  const entries: unknown[] = Array.isArray(accounts) ? accounts : [];
  return entries
    .filter(isMapping)
    .flatMap((entry) => (entry.provider === id ? [typeof entry.name === 'string' ? entry.name : id] : []));
}
