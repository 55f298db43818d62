import { z } from 'zod';
import type { Fixed } from '../../core/values/money.ts';
import type { Range } from '../../core/values/time.ts';
import { Timestamp } from '../api/instants.ts';
import { Decimal, lenient, listOf, OtherMoney, unusedFields } from '../api/schemas.ts';

// https://docs.runpod.io/api-reference-v2/billing/get-pod-billing-history and its neighbors

/** The parts of an amount, and the fields that hold them. No product has all of them. */
const COMPONENTS = [
  ['gpu', 'gpuAmount'],
  ['cpu', 'cpuAmount'],
  ['disk', 'diskAmount'],
  ['fee', 'feeAmount'],
  ['standard', 'standardAmount'],
  ['high_performance', 'highPerformanceAmount'],
  ['networking', 'networkingAmount'],
] as const;
type RunPodComponent = (typeof COMPONENTS)[number][0];
type AmountField = (typeof COMPONENTS)[number][1];

/** What a resource cost in a bucket. */
export interface RunPodRecord extends Range {
  /** Undefined of public endpoints, which are billed in one sum, and where it is missing. */
  readonly id: string | undefined;
  readonly total: Fixed;
  readonly components: readonly (readonly [RunPodComponent, Fixed])[];
}

export interface RunPodBill {
  readonly records: readonly RunPodRecord[];
  /** The sum of the records, as RunPod has it. */
  readonly total: Fixed | null | undefined;
}

const Part = Decimal.nullish();
const Parts = {
  ...{ gpuAmount: Part, cpuAmount: Part, diskAmount: Part, feeAmount: Part },
  ...{ standardAmount: Part, highPerformanceAmount: Part, networkingAmount: Part },
} satisfies Record<AmountField, typeof Part>;

const Totals = z.looseObject({ totalAmount: OtherMoney, ...unusedFields(...Object.keys(Parts)) });
const Metadata = z.looseObject({
  totals: Totals.optional(),
  ...unusedFields('query', 'recordCount', 'uniquePodCount', 'uniqueServerlessCount'),
  ...unusedFields('uniqueNetworkVolumeCount', 'uniqueClusterCount'),
});

/** `GET /billing/<product>`. */
function billOf(idField: string | undefined): z.ZodType<RunPodBill> {
  const record = z
    .looseObject({
      startTime: Timestamp,
      endTime: Timestamp,
      totalAmount: Decimal,
      ...Parts,
      ...(idField !== undefined && { [idField]: lenient(z.string().min(1)) }),
    })
    .transform(({ startTime: start, endTime: end, totalAmount: total, ...row }): RunPodRecord => {
      const id: unknown = idField === undefined ? undefined : row[idField];
      const components = COMPONENTS.flatMap(([component, field]) => {
        const amount = row[field];
        return amount ? [[component, amount] as const] : [];
      });
      return { start, end, id: typeof id === 'string' ? id : undefined, total, components };
    });
  return z
    .looseObject({ records: listOf(record), metadata: Metadata.optional() })
    .transform(({ records, metadata }) => ({ records, total: metadata?.totals?.totalAmount }));
}

/** In v1, `/billing/endpoints` was what `/billing/serverless` is now. */
export const PRODUCTS = [
  { product: 'pods', tier: 'pod', schema: billOf('podId') },
  { product: 'serverless', tier: 'serverless', schema: billOf('serverlessId') },
  { product: 'endpoints', tier: 'endpoint', schema: billOf(undefined) },
  { product: 'network-volumes', tier: 'network_volume', schema: billOf('networkVolumeId') },
  { product: 'clusters', tier: 'cluster', schema: billOf('clusterId') },
] as const;
