import { figureSentence } from './figure.ts';
import type { Alert } from './rule.ts';
import { ACCOUNT } from './text.ts';
import { THRESHOLDS } from './thresholds.ts';

/** Prices may be far below a cent, so they are written with six significant digits. */
const PRICE = 'printf "$%.6g"';
const PROBE = ['provider', 'account', 'probe'];
const SKU = ['provider', 'account', 'resource', 'model', 'tier', 'sku'];

/** Compared with the same time a day ago, because price lists are read several times a day. */
function priceChangeOf(metric: string, labels: readonly string[]): string {
  const price = (when: string) => `max by (${labels.join(', ')}) (${metric}${when})`;
  return `${price('')}
and on (${labels.join(', ')})
abs(
  ${price('')}
  / ${price(' offset 1d')} - 1
) > ${THRESHOLDS.priceChange}`;
}

function before(metric: string, labels: readonly string[]): string {
  return figureSentence({
    of: `max(${metric}{} offset 1d)`,
    by: labels,
    as: PRICE,
    says: 'A day ago it was #.',
  });
}

const priceChanged: Alert = {
  alert: 'AiBillingPriceChanged',
  expr: priceChangeOf('ai_billing_unit_price_usd', SKU),
  for: THRESHOLDS.priceChangedFor,
  keepFiringFor: THRESHOLDS.dayKeptFor,
  severity: 'info',
  summary: `${ACCOUNT}: the unit price of {{ $labels.sku }} has changed.`,
  description: `One unit of {{ $labels.sku }} now costs {{ $value | ${PRICE} }}.${before('ai_billing_unit_price_usd', SKU)} Earlier usage keeps its price. Price lists are read every few hours; prices taken from charges are those of the newest charge.`,
};

const priceProbeChanged: Alert = {
  alert: 'AiBillingPriceProbeChanged',
  expr: priceChangeOf('ai_billing_price_probe_total_usd', PROBE),
  for: THRESHOLDS.priceChangedFor,
  severity: 'warning',
  summary: `${ACCOUNT}: the price probe {{ $labels.probe }} has changed.`,
  description: `The run it describes now costs {{ $value | ${PRICE} }}.${before('ai_billing_price_probe_total_usd', PROBE)} Probes run hourly, so runs of the last hour may already cost the new price.`,
};

const priceProbeFailing: Alert = {
  alert: 'AiBillingPriceProbeFailing',
  expr: 'max by (provider, account, probe) (ai_billing_price_probe_errors) > 0',
  for: THRESHOLDS.priceProbeFailingFor,
  severity: 'warning',
  summary: `${ACCOUNT}: the price probe {{ $labels.probe }} is failing.`,
  description:
    '{{ $value }} of its expressions failed in three consecutive hourly polls. A price change would go unnoticed; costs and budgets are not affected.',
};

/** Alerts about unit prices. */
export const prices: readonly Alert[] = [priceChanged, priceProbeChanged, priceProbeFailing];
