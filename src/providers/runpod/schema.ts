import { z } from 'zod';
import type { Fixed } from '../../core/values/money.ts';
import type { Range } from '../../core/values/time.ts';
import { Timestamp } from '../api/instants.ts';
import { Decimal, lenient, listOf, OtherMoney, unusedFields } from '../api/schemas.ts';

// https://docs.runpod.io/api-reference-v2/billing/get-pod-billing-history and its neighbors

/** The parts of an amount, by the fields that hold them. No product has all of them. */
const COMPONENTS = {
  gpuAmount: 'gpu',
  cpuAmount: 'cpu',
  diskAmount: 'disk',
  feeAmount: 'fee',
  standardAmount: 'standard',
  highPerformanceAmount: 'high_performance',
  networkingAmount: 'networking',
} as const;
type ComponentField = keyof typeof COMPONENTS;
export type RunPodComponent = (typeof COMPONENTS)[ComponentField];
const FIELDS = Object.keys(COMPONENTS) as ComponentField[];

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
} satisfies Record<ComponentField, typeof Part>;

const Totals = z.looseObject({ totalAmount: OtherMoney, ...unusedFields(...FIELDS) });
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
      const components = FIELDS.flatMap((field) => {
        const amount = row[field];
        return amount ? [[COMPONENTS[field], amount] as const] : [];
      });
      return { start, end, id: typeof id === 'string' ? id : undefined, total, components };
    });
  return z
    .looseObject({ records: listOf(record), metadata: Metadata.optional() })
    .transform(({ records, metadata }) => ({ records, total: metadata?.totals?.totalAmount }));
}

/** In v1, `/billing/endpoints` was what `/billing/serverless` is now. */
export const PRODUCTS = {
  pods: { tier: 'pod', schema: billOf('podId') },
  serverless: { tier: 'serverless', schema: billOf('serverlessId') },
  endpoints: { tier: 'endpoint', schema: billOf(undefined) },
  'network-volumes': { tier: 'network_volume', schema: billOf('networkVolumeId') },
  clusters: { tier: 'cluster', schema: billOf('clusterId') },
} as const;
