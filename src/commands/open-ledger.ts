import type { Config } from '../config/config.ts';
import { StoreError } from '../core/ledger/records.ts';
import { Ledger } from '../core/ledger.ts';
import type { CostsAccount } from '../core/reports/labels.ts';
import { type AccountDefaults, registerAccounts } from '../poll/open-account.ts';
import { isInUse, openReadOnly } from '../store/read-only.ts';

/** A ledger that no other process uses, and the accounts of its configuration. Nothing changes it. */
export interface OpenLedger {
  readonly ledger: Ledger;
  readonly accounts: readonly CostsAccount[];
}

/**
 * @param hint what to do about a ledger that is in use; by default it names the exporter to ask instead.
 * @throws {StoreError} if the ledger cannot be read.
 */
export function openLedger(config: Config, now: number, hint?: string): OpenLedger {
  const ledger = new Ledger(openOrExplain(config, hint));
  return { ledger, accounts: registerAccounts(ledger, config.accounts, accountDefaults(config), now) };
}

export function accountDefaults({ currencies, metrics }: Config): AccountDefaults {
  return { maxSeries: metrics.maxSeries, rates: currencies };
}

function openOrExplain(config: Config, hint?: string) {
  const { path } = config.state;
  try {
    return openReadOnly(path);
  } catch (error) {
    if (!isInUse(error)) throw error;
    const remedy = hint ?? `ask that one with --url ${urlOf(config.server)}`;
    throw new StoreError(`${path} is in use, probably by a running exporter: ${remedy}`);
  }
}

function urlOf({ host, port, webConfig }: Config['server']): string {
  const scheme = webConfig === undefined ? 'http' : 'https';
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host;
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
