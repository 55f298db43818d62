import type { Account } from '../config/config.ts';
import type { FocusAccount } from '../core/focus/columns.ts';
import type { CostsAccount } from '../core/reports/labels.ts';

/** Accounts with what their providers are called and sell. */
export function focusAccounts(
  accounts: readonly CostsAccount[],
  configured: readonly Account[],
): FocusAccount[] {
  const providers = new Map(configured.map(({ provider }) => [provider.id, provider]));
  return accounts.flatMap((account) => {
    const provider = providers.get(account.provider);
    return provider ? [{ ...account, title: provider.title, service: provider.service }] : [];
  });
}
