import { type Fixed, parseDecimal } from '../../../src/core/values/money.ts';
import type { BasetenRow, DedicatedRow } from './rows.ts';

// https://docs.baseten.co/reference/management-api: bodies as the management API description of 2026-07-01 has them.

interface InstanceType {
  readonly id: string;
  readonly name: string;
  readonly gpus: number;
  readonly gpu: string | null;
  /** US dollars a minute. */
  readonly price: Fixed;
}

const TYPES: readonly InstanceType[] = [
  { id: '1x2', name: '1x2', gpus: 0, gpu: null, price: parseDecimal('0.00058') },
  { id: 'L4', name: '1x L4', gpus: 1, gpu: 'L4', price: parseDecimal('0.01414') },
  { id: 'A10G', name: '1x A10G', gpus: 1, gpu: 'A10G', price: parseDecimal('0.02012') },
  { id: 'H100', name: '1x H100', gpus: 1, gpu: 'H100', price: parseDecimal('0.10833') },
  { id: 'H100:2', name: '2x H100', gpus: 2, gpu: 'H100', price: parseDecimal('0.21666') },
  { id: 'H100:8', name: '8x H100', gpus: 8, gpu: 'H100', price: parseDecimal('0.86664') },
];

/** US dollars for a minute of an instance type, as bills name it. */
export function priceOf(name: string): Fixed {
  const type = TYPES.find((each) => each.name === name);
  if (!type) throw new RangeError(`there is no instance type ${name}`);
  return type.price;
}

/** An `InstanceTypePricesV1`. */
export function pricesBody(): object {
  return {
    instance_types: TYPES.map(({ id, name, gpus, gpu, price }) => ({
      instance_type: {
        id,
        name,
        memory_limit_mib: 16_384 * Math.max(1, gpus),
        millicpu_limit: 4_000 * Math.max(1, gpus),
        gpu_count: gpus,
        gpu_type: gpu,
        gpu_memory_limit_mib: gpu === null ? null : 24_576,
      },
      price,
    })),
  };
}

/** The default team. */
const CORE = 'Core';

/** The team that owns a resource. */
export function teamOf({ team = CORE }: { readonly team?: string }): { id: string; name: string } {
  return { id: `team-${team.toLowerCase()}`, name: team };
}

/** A `TeamsV1`: the teams of the rows. */
export function teamsBody(rows: readonly BasetenRow[], createdAt: string): object {
  const owners = rows.flatMap((row) => (row.category === 'model_api' ? [] : teamOf(row.resource).name));
  return {
    teams: [...new Set([CORE, ...owners])].map((team) => ({
      ...teamOf({ team }),
      default: team === CORE,
      created_at: createdAt,
    })),
  };
}

/** A `ModelsV1`: the models whose deployments are in the rows and were not deleted. */
export function modelsBody(rows: readonly BasetenRow[], createdAt: string): object {
  const deployed = rows.filter((row) => row.category === 'dedicated').filter(isDeployment);
  const models = Map.groupBy(deployed, ({ resource }) => resource.model_name ?? '');
  return { models: [...models].map(([name, found]) => modelOf(name, found, createdAt)) };
}

function isDeployment({ resource }: DedicatedRow): boolean {
  return resource.kind === 'MODEL_DEPLOYMENT' && !resource.is_deleted;
}

function modelOf(name: string, rows: readonly DedicatedRow[], created_at: string): object {
  const inEnvironment = (environment: string) =>
    rows.find(({ resource }) => resource.environment_name === environment)?.resource;
  const production = inEnvironment('production');
  return {
    id: `model-${name}`,
    created_at,
    name,
    deployments_count: new Set(rows.map(({ resource }) => resource.id)).size,
    production_deployment_id: production?.id ?? null,
    development_deployment_id: inEnvironment('development')?.id ?? null,
    instance_type_name: production?.instance_type ?? '1x2',
    team_name: teamOf(rows[0]?.resource ?? {}).name,
  };
}
