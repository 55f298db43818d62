import type { Config } from '../config/config.ts';
import { StoreError } from '../core/ledger/records.ts';
import { Ledger } from '../core/ledger.ts';
import { type SeriesQuestion, type SeriesReport, TooManyRowsError } from '../core/reports/cost-series.ts';
import { settingsOf } from '../poll/open-account.ts';
import { seriesCsv, seriesJson } from '../server/api/series-answer.ts';
import { parseSeriesQuery } from '../server/api/series-query.ts';
import { isInUse, openReadOnly } from '../store/read-only.ts';
import type { CostsSource } from './io.ts';

/** Answers like `/api/v1/costs/series`, from a ledger that no other process uses. */
export function ledgerSource(config: Config, now: () => number): CostsSource {
  return async (query, format) => {
    const question = parseSeriesQuery(query, now());
    if ('error' in question) return { kind: 'misused', message: question.error };
    const ledger = new Ledger(openOrExplain(config));
    try {
      const report = reportOf(ledger, config, question, now());
      const pieces = format === 'json' ? seriesJson(report) : seriesCsv(report);
      return { kind: 'answered', text: [...pieces].join('') };
    } catch (error) {
      if (error instanceof TooManyRowsError) return { kind: 'misused', message: error.message };
      throw error;
    } finally {
      ledger.close();
    }
  };
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

function reportOf(ledger: Ledger, config: Config, question: SeriesQuestion, now: number): SeriesReport {
  const { accounts, currencies, metrics } = config;
  const opened = accounts.map((account) => {
    const settings = settingsOf(account, { maxSeries: metrics.maxSeries, rates: currencies });
    const streams = settings.streams.map(({ name }) => name);
    const id = ledger.openAccount(settings, now);
    return { id, provider: account.provider.id, account: account.name, streams };
  });
  const work = ledger.series(question, opened, now);
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
