import type { Config } from '../config/config.ts';
import { StoreError } from '../core/ledger/records.ts';
import { Ledger } from '../core/ledger.ts';
import type { CostsAccount } from '../core/reports/labels.ts';
import { settingsOf } from '../poll/open-account.ts';
import { isInUse, openReadOnly } from '../store/read-only.ts';

/** A ledger that no other process uses, and the accounts of its configuration. Nothing changes it. */
export interface OpenLedger {
  readonly ledger: Ledger;
  readonly accounts: readonly CostsAccount[];
}

/** @throws {StoreError} if the ledger cannot be read; in use, it names the exporter to ask instead. */
export function openLedger(config: Config, now: number): OpenLedger {
  const { currencies, metrics } = config;
  const ledger = new Ledger(openOrExplain(config));
  const accounts = config.accounts.map((account) => {
    const settings = settingsOf(account, { maxSeries: metrics.maxSeries, rates: currencies });
    const streams = settings.streams.map(({ name }) => name);
    const id = ledger.openAccount(settings, now);
    return { id, provider: account.provider.id, account: account.name, streams };
  });
  return { ledger, accounts };
}

function openOrExplain({ state, server }: Config) {
  try {
    return openReadOnly(state.path);
  } catch (error) {
    if (!isInUse(error)) throw error;
    const scheme = server.webConfig === undefined ? 'http' : 'https';
    const host = ['0.0.0.0', '::'].includes(server.host) ? 'localhost' : server.host;
    const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${server.port}`;
    throw new StoreError(
      `${state.path} is in use, probably by a running exporter: ask that one with --url ${url}`,
    );
  }
}
