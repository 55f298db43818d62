import { formatDecimal } from '../../../src/core/values/money.ts';
import type { VeniceRow } from './rows.ts';

/** A row as it stands in a JSON page. */
export function wireOf(row: VeniceRow): object {
  return {
    amount: row.amount,
    currency: row.currency,
    inferenceDetails: row.inferenceDetails,
    notes: row.notes,
    pricePerUnitUsd: row.pricePerUnitUsd,
    sku: row.sku,
    timestamp: new Date(row.at).toISOString(),
    units: row.units,
  };
}

const COLUMNS = [
  'timestamp',
  'sku',
  'pricePerUnitUsd',
  'units',
  'amount',
  'currency',
  'notes',
  'inferenceDetails.requestId',
  'inferenceDetails.inferenceExecutionTime',
  'inferenceDetails.promptTokens',
  'inferenceDetails.completionTokens',
];

/** Rows as the CSV export. */
export function csvOf(rows: readonly VeniceRow[]): string {
  const lines = rows.map((row) => {
    const details = row.inferenceDetails;
    return [
      new Date(row.at).toISOString(),
      row.sku,
      formatDecimal(row.pricePerUnitUsd),
      formatDecimal(row.units),
      formatDecimal(row.amount),
      row.currency,
      row.notes,
      details?.requestId ?? '',
      details?.inferenceExecutionTime ?? '',
      details?.promptTokens ?? '',
      details?.completionTokens ?? '',
    ].join(',');
  });
  return `${[COLUMNS.join(','), ...lines].join('\n')}\n`;
}
