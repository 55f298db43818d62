import { METRICS } from '../../../src/core/metrics/catalog.ts';
import { RECORDS } from './recordings.ts';
import type { Group } from './rule.ts';
import { ACCOUNT, BILLED_THROUGH, DOLLARS, DURATION, dollarsOf, firstOf, VALUE_USD } from './text.ts';
import { THRESHOLDS } from './thresholds.ts';

const T = THRESHOLDS;
const COST = METRICS.cost.name;
const INFO = METRICS.resourceInfo.name;
const THREE_DAYS = 3 * 86_400;

const BY_ACCOUNT = ['provider', 'account'] as const;
const MODEL = [...BY_ACCOUNT, 'model'] as const;
const RESOURCE = [...BY_ACCOUNT, 'resource'] as const;
const ITEM = [...RESOURCE, 'model'] as const;

/** Absent during the first ten days of an account. */
const IS_KNOWN = `on (provider, account) ${RECORDS.accountUsual3d}`;

/** A spike compares with the same hours of past weeks and with yesterday, so a new level alerts for one day. */
const SPIKE = [
  `${RECORDS.account6h} > ${T.spikeRatio} * ${RECORDS.accountUsual6h}`,
  `${RECORDS.account6h} - ${RECORDS.accountUsual6h} > ${T.spikeFloorUsd}`,
  `${RECORDS.account6h} > ${T.spikeRatio} * max_over_time(${RECORDS.account6h}[1d] offset 1d)`,
  // Spend that merely arrives late is normal over three days; spend caught up after a longer gap is scaled to three days.
  `${RECORDS.account3d} * ${THREE_DAYS} / clamp_min(${RECORDS.advance3d}, ${THREE_DAYS}) - ${RECORDS.accountUsual3d} > (${RECORDS.account6h} - ${RECORDS.accountUsual6h}) / 2`,
].join(' and ');

const NEW_SPEND = [
  `${RECORDS.item3d}{resource!="__overflow__"} > ${T.newSpendFloorUsd}`,
  `${RECORDS.item3d} > on (provider, account) group_left () ${T.newSpendShare} * ${RECORDS.account3d}`,
  // If the account was not exported three days ago, everything looks new.
  `on (provider, account) group by (provider, account) (${COST} offset 3d)`,
  IS_KNOWN,
].join(' and ');

const IDLE = [
  `${RECORDS.item3d} > ${T.idleFloorUsd}`,
  `${RECORDS.seconds3d} > ${T.idleSeconds}`,
  // A training job has no request series.
  `${RECORDS.requests3d} == 0`,
  `group by (${ITEM.join(', ')}) (${COST} offset 3d)`,
].join(' and ');

const DELETED = [
  `sum by (${RESOURCE.join(', ')}) (${RECORDS.item3d}) > ${T.deletedFloorUsd}`,
  `on (${RESOURCE.join(', ')}) ${INFO}{deleted="true"}`,
  // Its last day may be billed a day late.
  `on (${RESOURCE.join(', ')}) ${INFO}{deleted="true"} offset 4d`,
].join(' and ');

const CACHED_SHARE = [
  `${RECORDS.cachedShare} < ${T.cachedShareLeft} * (${RECORDS.cachedShareUsual} > ${T.cachedShareUsual})`,
  `${RECORDS.modelPerMillion} > ${T.cachedSharePriceRatio} * ${RECORDS.modelPerMillionUsual}`,
  `${RECORDS.model1d} > ${T.tokensFloorUsd}`,
  IS_KNOWN,
].join(' and ');

const EXTRA_COST = `(${RECORDS.perMillion} - ${RECORDS.perMillionUsual}) * ${RECORDS.tokens1d} / 1e6`;
const TOKEN_PRICE = [
  `${EXTRA_COST} > ${T.tokensFloorUsd}`,
  `${RECORDS.perMillion} > ${T.tokenPriceRatio} * ${RECORDS.perMillionUsual}`,
  IS_KNOWN,
].join(' and ');

const ITEM_NAME = `${nameOr('{{ or $labels.resource $labels.model "unnamed" }}')}`;

/** The ids that the item has. */
const ITEM_IDS =
  '{{ with $labels.resource }}Resource {{ . }}{{ if $labels.model }}, model {{ $labels.model }}{{ end }}{{ else }}Model {{ $labels.model }}{{ end }}';

export const spend: Group = {
  name: 'ai-billing-spend',
  about: 'Unusual or wasted spend.',
  interval: '1m',
  rules: [
    {
      alert: 'AiBillingSpendSpike',
      expr: SPIKE,
      for: '30m',
      keepFiringFor: '1h',
      severity: 'warning',
      summary: `${ACCOUNT} was billed ${VALUE_USD} in 6 hours, several times the usual amount.`,
      description: `The maximum for these hours in past weeks was ${dollarsOf(of(RECORDS.accountUsual6h, BY_ACCOUNT), BY_ACCOUNT)}. Largest item: ${topItem(RECORDS.item6h)}. ${BILLED_THROUGH}`,
    },
    {
      alert: 'AiBillingNewSpend',
      expr: `${NEW_SPEND} unless on (${ITEM.join(', ')}) ${COST} offset 3d`,
      for: '1h',
      keepFiringFor: '6h',
      severity: 'info',
      summary: `${ACCOUNT}: new spend of ${VALUE_USD} on ${ITEM_NAME}.`,
      description: `${ITEM_IDS} did not exist three days ago. The whole account was billed ${dollarsOf(of(RECORDS.account3d, BY_ACCOUNT), BY_ACCOUNT)} in that time. ${BILLED_THROUGH}`,
    },
    {
      alert: 'AiBillingIdleSpend',
      expr: IDLE,
      for: '6h',
      keepFiringFor: '1h',
      severity: 'warning',
      summary: `${ACCOUNT}: ${ITEM_NAME} cost ${VALUE_USD} in 3 days without a request.`,
      description: `It was billed ${VALUE_USD} for ${firstOf(of(RECORDS.seconds3d, ITEM), ITEM, DURATION)} of run time in three days. ${ITEM_IDS}. ${BILLED_THROUGH}`,
    },
    {
      alert: 'AiBillingDeletedStillBilled',
      expr: DELETED,
      for: '6h',
      keepFiringFor: '1h',
      severity: 'warning',
      summary: `${ACCOUNT}: ${ITEM_NAME} is deleted but was billed ${VALUE_USD} in 3 days.`,
      description: `The provider has listed resource {{ $labels.resource }} as deleted for more than four days, yet billed ${VALUE_USD} for it in the last three. ${BILLED_THROUGH}`,
    },
    {
      alert: 'AiBillingCachedShareCollapsed',
      expr: CACHED_SHARE,
      for: '2h',
      keepFiringFor: '6h',
      severity: 'warning',
      summary: `${ACCOUNT}: only {{ $value | humanizePercentage }} of the input tokens of {{ $labels.model }} came from the cache.`,
      description: `Over the last day; in the week before it was ${firstOf(of(RECORDS.cachedShareUsual, MODEL), MODEL, 'humanizePercentage')}. A million tokens now cost ${dollarsOf(of(RECORDS.modelPerMillion, MODEL), MODEL)} instead of ${dollarsOf(of(RECORDS.modelPerMillionUsual, MODEL), MODEL)}; the model cost ${dollarsOf(of(RECORDS.model1d, MODEL), MODEL)} in the last day. ${BILLED_THROUGH}`,
    },
    {
      alert: 'AiBillingTokenPriceIncreased',
      expr: TOKEN_PRICE,
      for: '2h',
      keepFiringFor: '6h',
      severity: 'warning',
      summary: `${ACCOUNT}: tokens cost ${VALUE_USD} more in a day than at the highest price of the week before.`,
      description: `A million tokens cost ${dollarsOf(of(RECORDS.perMillion, BY_ACCOUNT), BY_ACCOUNT)} over the last day, and ${dollarsOf(of(RECORDS.perMillionUsual, BY_ACCOUNT), BY_ACCOUNT)} on the most expensive day of the week before. Usual causes: other models, longer answers, fewer cached tokens or new prices. Largest item: ${topItem(RECORDS.item1d)}. ${BILLED_THROUGH}`,
    },
  ],
};

function of(record: string, labels: readonly string[]): string {
  return `${record}{${labels.map((label) => `${label}=%q`).join(', ')}}`;
}

/** The most expensive item of the account, by id, with its dollars. */
function topItem(record: string): string {
  const query = `printf \`topk(1, ${of(record, BY_ACCOUNT)})\` $labels.provider $labels.account | query`;
  const item = `{{ or .Labels.resource .Labels.model "unnamed" }} ({{ .Value | ${DOLLARS} }})`;
  return `{{ with ${query} }}{{ with first . }}${item}{{ end }}{{ else }}?{{ end }}`;
}

/** The name of the resource, or else another text. Queried by the text: as a label, a rename would make it another alert. */
function nameOr(text: string): string {
  const query = `printf \`topk(1, ${of(INFO, RESOURCE)})\` $labels.provider $labels.account $labels.resource | query`;
  const name = '{{ with . | first | label "name" }}{{ . }}{{ else }}';
  return `{{ with ${query} }}${name}${text}{{ end }}{{ else }}${text}{{ end }}`;
}
