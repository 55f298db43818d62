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
  /** Cached ones included. */
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_input_tokens: number;
}

export type BasetenRow = DedicatedRow | TrainingRow | ModelApiRow;

/** What the rows say in the design's words. */
export function entriesOf(row: BasetenRow, contract: SimulatedContract): TruthEntry[] {
  const labels = {
    resource: row.category === 'model_api' ? '' : row.resource.id,
    model: row.category === 'model_api' ? row.model_name : (row.resource.model_name ?? ''),
    tier: row.category,
  };
  const cost: TruthEntry = { ...labels, measure: 'cost', detail: 'USD', value: row.subtotal };
  if (row.category === 'model_api') return [cost, ...tokens(row, labels)];
  const seconds = count('billed_seconds', labels, '', row.minutes * 60);
  if (row.category === 'training') return [cost, seconds];
  const requests = count('requests', labels, '', row.inference_requests);
  return [cost, seconds, requests, ...(contract === 'seed' ? [] : partsOf(row, labels))];
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
