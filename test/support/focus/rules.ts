import type { FocusRecord } from './csv.ts';

/** What FOCUS 1.2 wants of a cost and usage dataset, as far as it applies to ours. The names are those of the model's rules. */

/** Columns that must be there, whatever a provider supports (CostAndUsage-D-*-M), and those of what ours do (-C, -O). */
const COLUMNS = [
  'BilledCost BillingAccountId BillingAccountName BillingAccountType BillingCurrency BillingPeriodEnd',
  'BillingPeriodStart ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd',
  'ChargePeriodStart ConsumedQuantity ConsumedUnit ContractedCost EffectiveCost InvoiceId InvoiceIssuerName',
  'ListCost PricingCategory PricingQuantity PricingUnit ProviderName PublisherName ResourceId ResourceName',
  'ResourceType ServiceCategory ServiceName ServiceSubcategory SubAccountId SubAccountName',
].flatMap((line) => line.split(' '));

const NOT_NULL = [
  'BilledCost BillingAccountId BillingAccountName BillingAccountType BillingCurrency BillingPeriodEnd',
  'BillingPeriodStart ChargeCategory ChargeDescription ChargeFrequency ChargePeriodEnd ChargePeriodStart',
  'ConsumedQuantity ConsumedUnit ContractedCost EffectiveCost InvoiceIssuerName ListCost PricingCategory',
  'PricingCurrency PricingQuantity PricingUnit ProviderName PublisherName ServiceCategory ServiceName',
  'ServiceSubcategory SkuId SkuMeter',
].flatMap((line) => line.split(' '));

/** Each with the columns that are null exactly where it is. */
const TOGETHER: readonly (readonly [string, string])[] = [
  ['ConsumedQuantity', 'ConsumedUnit'],
  ['PricingQuantity', 'PricingUnit'],
  ['ResourceId', 'ResourceName'],
  ['ResourceId', 'ResourceType'],
  ['SubAccountId', 'SubAccountName'],
  ['BillingAccountId', 'BillingAccountType'],
];

const ALLOWED: Readonly<Record<string, readonly (string | null)[]>> = {
  ChargeCategory: ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'],
  ChargeClass: [null, 'Correction'],
  ChargeFrequency: ['One-Time', 'Recurring', 'Usage-Based'],
  PricingCategory: ['Standard', 'Committed', 'Dynamic', 'Other'],
  BillingCurrency: ['USD'],
  PricingCurrency: ['USD'],
  InvoiceId: [null],
};

/** Subcategories and their one parent. */
const SERVICES: Readonly<Record<string, string>> = {
  'Generative AI': 'AI and Machine Learning',
  'Machine Learning': 'AI and Machine Learning',
  Containers: 'Compute',
  'Virtual Machines': 'Compute',
};

const DECIMALS = /Cost$|Quantity$|Tokens$|^x_Requests$|^x_BilledSeconds$/;
const DECIMAL = /^-?(0|[1-9]\d*)\.\d+$/;
const INSTANTS = /Period(Start|End)$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/** Everything that is wrong, once for each column. */
export function focusViolations(records: readonly FocusRecord[]): string[] {
  const found = new Set<string>();
  for (const record of records) {
    for (const name of COLUMNS) if (!(name in record)) found.add(`${name} must be present`);
    for (const name of NOT_NULL) if (record[name] === null) found.add(`${name} must not be null`);
    for (const each of [...formsOf(record), ...relationsOf(record)]) found.add(each);
  }
  for (const each of custom(Object.keys(records[0] ?? {}))) found.add(each);
  return [...found];
}

function formsOf(record: FocusRecord): string[] {
  return Object.entries(record).flatMap(([name, value]) => {
    const allowed = ALLOWED[name];
    if (allowed && !allowed.includes(value)) return [`${name} must not be ${value}`];
    if (value === null) return [];
    if (DECIMALS.test(name) && !DECIMAL.test(value)) return [`${name} must be a decimal`];
    if (INSTANTS.test(name) && !INSTANT.test(value)) return [`${name} must be a time in UTC`];
    return value.trim() === '' ? [`${name} must not be blank`] : [];
  });
}

function relationsOf(record: FocusRecord): string[] {
  const found = TOGETHER.flatMap(([a, b]) =>
    (record[a] === null) === (record[b] === null) ? [] : [`${b} must be null where ${a} is`],
  );
  const at = (name: string) => Date.parse(record[name] ?? '');
  const [start, end] = [at('ChargePeriodStart'), at('ChargePeriodEnd')];
  if (!(start < end)) found.push('a charge period must end after its start');
  if (!(at('BillingPeriodStart') <= start && end <= at('BillingPeriodEnd')))
    found.push('a charge period must lie within its billing period');
  if (SERVICES[record.ServiceSubcategory ?? ''] !== record.ServiceCategory)
    found.push('ServiceSubcategory must have its parent');
  if (record.ChargeClass === 'Correction' && !record.BilledCost?.startsWith('-'))
    found.push('a correction must be below zero');
  return found;
}

/** ColumnHandling: custom columns have a prefix and come last. */
function custom(names: readonly string[]): string[] {
  const first = names.findIndex((name) => name.startsWith('x_'));
  const isLast = names.slice(first).every((name) => name.startsWith('x_'));
  const isPascal = names.every((name) => /^(x_)?([A-Z][a-z]+)+$/.test(name));
  return [...(isLast ? [] : ['custom columns must come last']), ...(isPascal ? [] : ['Pascal case'])];
}
