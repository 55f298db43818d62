import { lookedUp } from './looked-up.ts';
import type { Alert } from './rule.ts';
import { THRESHOLDS } from './thresholds.ts';

/** Prices are far below a cent, so that they are written with the digits that count. */
const PRICE = 'printf "$%.6g"';
const PROBE = ['provider', 'account', 'probe'];
const SKU = ['provider', 'account', 'resource', 'model', 'tier', 'sku'];

/** Against the same instant of the day before: lists are read several times a day. */
function changed(metric: string, labels: readonly string[]): string {
  const price = (when: string) => `max by (${labels.join(', ')}) (${metric}${when})`;
  return `${price('')}
and on (${labels.join(', ')})
abs(
  ${price('')}
  / ${price(' offset 1d')} - 1
) > ${THRESHOLDS.priceChange}`;
}

function before(metric: string, labels: readonly string[]): string {
  return lookedUp({ of: `max(${metric}{} offset 1d)`, by: labels, as: PRICE, says: 'A day ago it was #.' });
}

const priceChanged: Alert = {
  alert: 'AiBillingPriceChanged',
  expr: changed('ai_billing_unit_price_usd', SKU),
  for: THRESHOLDS.priceChangedFor,
  severity: 'info',
  summary: '{{ $labels.provider }}/{{ $labels.account }} has a new price for {{ $labels.sku }}.',
  description: `A unit of {{ $labels.sku }} is {{ $value | ${PRICE} }} now.${before('ai_billing_unit_price_usd', SKU)} What was used before keeps its old price; lists are read every few hours, prices of a ledger with its newest charge.`,
};

const priceProbeChanged: Alert = {
  alert: 'AiBillingPriceProbeChanged',
  expr: changed('ai_billing_price_probe_total_usd', PROBE),
  for: THRESHOLDS.priceChangedFor,
  severity: 'warning',
  summary:
    'The price probe {{ $labels.probe }} of {{ $labels.provider }}/{{ $labels.account }} has another result.',
  description: `What it describes costs {{ $value | ${PRICE} }} now.${before('ai_billing_price_probe_total_usd', PROBE)} Probes are asked hourly, so that runs of the last hour may cost the new price already.`,
};

const priceProbeFailing: Alert = {
  alert: 'AiBillingPriceProbeFailing',
  expr: 'max by (provider, account, probe) (ai_billing_price_probe_errors) > 0',
  for: THRESHOLDS.priceProbeFailingFor,
  severity: 'warning',
  summary: 'The price probe {{ $labels.probe }} of {{ $labels.provider }}/{{ $labels.account }} fails.',
  description:
    '{{ $value }} of its expressions could not be calculated, three hourly polls in a row. A price change of what it describes goes unseen; costs and budgets are not affected.',
};

/** Alerts about what a unit costs. */
export const prices: readonly Alert[] = [priceChanged, priceProbeChanged, priceProbeFailing];
