import { type Fixed, fromInteger } from '../../../src/core/values/money.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import type { TruthEntry, TruthLabels, TruthMeasure } from '../kit/truth.ts';
import type { SimulatedContract } from '../kit/world.ts';

export const CATEGORIES = ['dedicated', 'training', 'model_api'] as const;
export type RowCategory = (typeof CATEGORIES)[number];

interface Day {
  /** Any instant of the UTC day. */
  readonly at: Instant;
  /** Dollars before credits. */
  readonly subtotal: Fixed;
  /** Dollars of credits that the category applied for it; none when absent. */
  readonly credits?: Fixed;
}

/** What ran: a deployment, a chainlet or a training job. */
export interface SimulatedResource {
  readonly id: string;
  readonly kind: string;
  readonly name?: string;
  readonly model_name?: string;
  readonly is_deleted?: boolean;
  readonly instance_type?: string;
  readonly environment_name?: string;
  /** `Core` when absent. Rows of the seed's contract do not tell it. */
  readonly team?: string;
  readonly chain?: {
    readonly chain_id: string;
    readonly chain_name: string;
    readonly chain_deployment_id: string;
  };
}

/** A day of a deployment on one instance type. */
export interface DedicatedRow extends Day {
  readonly category: 'dedicated';
  readonly resource: SimulatedResource;
  /** The part of the subtotal that is no computing; none when absent. Rows of the seed's contract do not tell it. */
  readonly surcharge?: Fixed;
  readonly minutes: number;
  readonly inference_requests: number;
}

/** A day of a training job. */
export interface TrainingRow extends Day {
  readonly category: 'training';
  readonly resource: SimulatedResource;
  readonly minutes: number;
}

/** A day of a shared model. */
export interface ModelApiRow extends Day {
  readonly category: 'model_api';
  readonly model_name: string;
  readonly model_family?: string;
  /** Prefixes of the API key; absent where the provider knows none. */
  readonly keys?: readonly string[];
  /** Only `GET /v1/model_apis/usage` tells them. */
  readonly requests?: number;
  /** Cached ones included. */
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_input_tokens: number;
}

export type BasetenRow = DedicatedRow | TrainingRow | ModelApiRow;

/** What an account may read beside the bill. */
export const SOURCES = ['model_apis', 'model_api_usage'] as const;
export type SimulatedSource = (typeof SOURCES)[number];

/** The first whole day of the costs and the usage of model APIs. */
export const FIRST_DAY = Date.UTC(2026, 7, 6);

/** What the rows say in the design's words, by the sources that the account may read. */
export function entriesOf(
  row: BasetenRow,
  contract: SimulatedContract,
  sources: ReadonlySet<SimulatedSource>,
): TruthEntry[] {
  if (row.category === 'model_api') return modelApi(row, sources);
  const { resource } = row;
  const labels = { resource: resource.id, model: resource.model_name ?? '', tier: row.category };
  const cost: TruthEntry = { ...labels, measure: 'cost', detail: 'USD', value: row.subtotal };
  const seconds = count('billed_seconds', labels, '', row.minutes * 60);
  if (row.category === 'training') return [cost, seconds];
  const requests = count('requests', labels, '', row.inference_requests);
  return [cost, seconds, requests, ...(contract === 'seed' ? [] : partsOf(row, labels))];
}

function modelApi(row: ModelApiRow, sources: ReadonlySet<SimulatedSource>): TruthEntry[] {
  const labelsBy = (source: SimulatedSource) => {
    const resource = row.at >= FIRST_DAY && sources.has(source) ? (row.keys ?? []).join(',') : '';
    return { resource, model: row.model_name, tier: row.category };
  };
  const usage = labelsBy('model_api_usage');
  const hasRequests = row.at >= FIRST_DAY && sources.has('model_api_usage');
  return [
    { ...labelsBy('model_apis'), measure: 'cost', detail: 'USD', value: row.subtotal },
    ...tokens(row, usage),
    ...(hasRequests ? [count('requests', usage, '', row.requests ?? 0)] : []),
  ];
}

function partsOf(
  { subtotal, surcharge = 0n }: DedicatedRow,
  labels: Omit<TruthLabels, 'detail'>,
): TruthEntry[] {
  const part = { ...labels, measure: 'component_cost' } as const;
  return [
    { ...part, detail: 'compute', value: subtotal - surcharge },
    { ...part, detail: 'surcharge', value: surcharge },
  ];
}

function tokens(row: ModelApiRow, labels: Omit<TruthLabels, 'detail'>): TruthEntry[] {
  return [
    count('tokens', labels, 'input', row.input_tokens - row.cached_input_tokens),
    count('tokens', labels, 'output', row.output_tokens),
    count('tokens', labels, 'cached_input', row.cached_input_tokens),
  ];
}

function count(
  measure: TruthMeasure,
  labels: Omit<TruthLabels, 'detail'>,
  detail: string,
  value: number,
): TruthEntry {
  return { ...labels, measure, detail, value: fromInteger(BigInt(value)) };
}

/** A day of a shared model that costs so much. */
export function costing(at: Instant, subtotal: Fixed): ModelApiRow {
  const tokens = { input_tokens: 10, output_tokens: 5, cached_input_tokens: 2 };
  return { category: 'model_api', at, model_name: 'by-hand', ...tokens, subtotal };
}
