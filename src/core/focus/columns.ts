import type { CostsAccount, LabelledSeries } from '../reports/labels.ts';
import type { FocusService } from '../statement/service.ts';
import type { ResourceFacts, TokenType } from '../statement/statement.ts';
import { divideHalfEven, type Fixed, ONE, type Usd } from '../values/money.ts';
import { type Instant, type Range, startOfMonth } from '../values/time.ts';

/** An account, and how its provider is called. */
export interface FocusAccount extends CostsAccount {
  readonly title: string;
  readonly service: FocusService;
}

/** What was used of a label set in a bucket. */
export interface CellUsage {
  readonly tokens: Map<string, Fixed>;
  requests: Fixed;
  seconds: Fixed;
  units: Fixed;
}

/** A cost cell of the ledger, with what belongs to it. */
export interface FocusCell {
  readonly account: FocusAccount;
  readonly row: LabelledSeries;
  readonly facts: ResourceFacts | undefined;
  readonly period: Range;
  readonly usd: Usd;
  /** It can only correct an earlier month. */
  readonly isCorrection: boolean;
  readonly usage: CellUsage | undefined;
  /** Dollars for one unit of the currency that was paid with; undefined if there is no rate. */
  readonly rate: Fixed | undefined;
}

export type FocusValue = string | Fixed | Instant | null;
/** One value per column. */
export type FocusRow = readonly FocusValue[];

export type FocusKind = 'text' | 'decimal' | 'instant';

export interface FocusColumn {
  readonly name: string;
  readonly kind: FocusKind;
  of(cell: FocusCell): FocusValue;
}

function text(name: string, of: (cell: FocusCell) => string | null | undefined): FocusColumn {
  return { name, kind: 'text', of: (cell) => of(cell) || null };
}

function decimal(name: string, of: (cell: FocusCell) => Fixed | null): FocusColumn {
  return { name, kind: 'decimal', of };
}

function instant(name: string, of: (cell: FocusCell) => Instant): FocusColumn {
  return { name, kind: 'instant', of };
}

const usd = ({ usd: amount }: FocusCell) => amount;
const quantity = ({ usage }: FocusCell) => measured(usage).quantity;
const unit = ({ usage }: FocusCell) => measured(usage).unit;

/** Units of the specification: https://focus.finops.org/focus-specification/v1-2/ (attribute "Unit Format"). */
function measured(usage: CellUsage | undefined): { readonly quantity: Fixed; readonly unit: string } {
  const tokens = [...(usage?.tokens.values() ?? [])].reduce((sum, count) => sum + count, 0n);
  if (tokens !== 0n) return { quantity: tokens, unit: 'Tokens' };
  if (usage && usage.seconds !== 0n) return { quantity: usage.seconds, unit: 'Seconds' };
  if (usage && usage.units !== 0n) return { quantity: usage.units, unit: 'Units' };
  return { quantity: ONE, unit: 'Units' };
}

function tokens(name: string, type: TokenType): FocusColumn {
  return decimal(name, ({ usage }) => usage?.tokens.get(type) ?? null);
}

function resourceName({ row, facts }: FocusCell): string {
  return (row.resource && facts?.name) || row.resource;
}

/** What is paid for: tier and model, as far as the row has them, otherwise the provider. */
function skuOf({ row, account }: FocusCell): string {
  return [row.tier, row.model].filter((label) => label !== '').join('/') || account.provider;
}

function descriptionOf(cell: FocusCell): string {
  const { account, row } = cell;
  return [account.title, row.tier, row.model, resourceName(cell)].filter((part) => part !== '').join(', ');
}

/** FOCUS 1.2 CostAndUsage in alphabetical order, then columns of our own. */
export const FOCUS_COLUMNS: readonly FocusColumn[] = [
  decimal('BilledCost', usd),
  text('BillingAccountId', ({ account }) => account.account),
  text('BillingAccountName', ({ account }) => account.account),
  text('BillingAccountType', () => 'Account'),
  text('BillingCurrency', () => 'USD'),
  instant('BillingPeriodEnd', ({ period }) => startOfMonth(period.start, 1)),
  instant('BillingPeriodStart', ({ period }) => startOfMonth(period.start)),
  text('ChargeCategory', () => 'Usage'),
  text('ChargeClass', ({ isCorrection }) => (isCorrection ? 'Correction' : null)),
  text('ChargeDescription', descriptionOf),
  text('ChargeFrequency', () => 'Usage-Based'),
  instant('ChargePeriodEnd', ({ period }) => period.end),
  instant('ChargePeriodStart', ({ period }) => period.start),
  // Rules about consumed quantities refer to it.
  text('CommitmentDiscountStatus', () => null),
  decimal('ConsumedQuantity', quantity),
  text('ConsumedUnit', unit),
  decimal('ContractedCost', usd),
  decimal('EffectiveCost', usd),
  text('InvoiceId', () => null),
  text('InvoiceIssuerName', ({ account }) => account.title),
  decimal('ListCost', usd),
  text('PricingCategory', () => 'Standard'),
  text('PricingCurrency', () => 'USD'),
  decimal('PricingQuantity', quantity),
  text('PricingUnit', unit),
  text('ProviderName', ({ account }) => account.title),
  text('PublisherName', ({ account }) => account.title),
  text('ResourceId', ({ row }) => row.resource),
  text('ResourceName', resourceName),
  text('ResourceType', ({ row, facts }) => row.resource && (facts?.kind || row.tier || 'Resource')),
  text('ServiceCategory', ({ account }) => account.service.category),
  text('ServiceName', ({ account }) => account.title),
  text('ServiceSubcategory', ({ account }) => account.service.subcategory),
  text('SkuId', skuOf),
  text('SkuMeter', unit),
  text('SubAccountId', ({ facts }) => facts?.project),
  text('SubAccountName', ({ facts }) => facts?.project),
  text('x_Provider', ({ account }) => account.provider),
  text('x_Model', ({ row }) => row.model),
  text('x_Tier', ({ row }) => row.tier),
  text('x_Team', ({ facts }) => facts?.team),
  text('x_Environment', ({ facts }) => facts?.environment_name),
  text('x_OriginalCurrency', ({ row }) => row.detail),
  decimal('x_OriginalCost', ({ usd: amount, rate }) => (rate ? divideHalfEven(amount * ONE, rate) : null)),
  tokens('x_InputTokens', 'input'),
  tokens('x_OutputTokens', 'output'),
  tokens('x_CachedInputTokens', 'cached_input'),
  tokens('x_CacheWriteTokens', 'cache_write'),
  decimal('x_Requests', ({ usage }) => usage?.requests || null),
  decimal('x_BilledSeconds', ({ usage }) => usage?.seconds || null),
];

export function rowOf(cell: FocusCell): FocusRow {
  return FOCUS_COLUMNS.map((column) => column.of(cell));
}
