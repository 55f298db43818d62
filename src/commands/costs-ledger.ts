import type { Config } from '../config/config.ts';
import { type SeriesQuestion, type SeriesReport, TooManyRowsError } from '../core/reports/cost-series.ts';
import { seriesCsv, seriesJson } from '../server/api/series-answer.ts';
import { parseSeriesQuery } from '../server/api/series-query.ts';
import type { CostsSource } from './io.ts';
import { type OpenLedger, openLedger } from './open-ledger.ts';

/** Answers like `/api/v1/costs/series`, from a ledger that no other process uses. */
export function ledgerSource(config: Config, now: () => number): CostsSource {
  return async (query, format) => {
    const question = parseSeriesQuery(query, now());
    if ('error' in question) return { kind: 'misused', message: question.error };
    const opened = openLedger(config, now());
    try {
      const report = reportOf(opened, question, now());
      const pieces = format === 'json' ? seriesJson(report) : seriesCsv(report);
      return { kind: 'answered', text: [...pieces].join('') };
    } catch (error) {
      if (error instanceof TooManyRowsError) return { kind: 'misused', message: error.message };
      throw error;
    } finally {
      opened.ledger.close();
    }
  };
}

function reportOf({ ledger, accounts }: OpenLedger, question: SeriesQuestion, now: number): SeriesReport {
  const work = ledger.series(question, accounts, now);
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
