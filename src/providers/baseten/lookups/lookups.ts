import { z } from 'zod';
import { DriftLog } from '../../api/drift-log.ts';
import type { RangeReading } from '../../api/provider.ts';
import { observe, reading } from '../../api/readings.ts';
import { lenient, listOf, OtherMoney, Text, unusedFields } from '../../api/schemas.ts';
import { defineState } from '../../api/state.ts';

const Id = lenient(z.string().min(1));

const InstanceType = z.looseObject({
  id: Id,
  name: Text,
  ...unusedFields('memory_limit_mib', 'millicpu_limit', 'gpu_count', 'gpu_type', 'gpu_memory_limit_mib'),
});

/** `GET /v1/instance_type_prices`: US dollars per minute. */
export const InstanceTypePrices = z.looseObject({
  instance_types: listOf(z.looseObject({ instance_type: InstanceType, price: OtherMoney })),
});
export type InstanceTypePrices = z.infer<typeof InstanceTypePrices>;

const Model = z.looseObject({
  id: Id,
  name: Text,
  production_deployment_id: Text,
  development_deployment_id: Text,
  team_name: Text,
  ...unusedFields('created_at', 'deployments_count', 'instance_type_name'),
});

/** `GET /v1/models`. */
export const Models = z.looseObject({ models: listOf(Model) });
export type Models = z.infer<typeof Models>;

const Team = z.looseObject({ id: Id, name: Text, ...unusedFields('default', 'created_at') });

/** `GET /v1/teams`. */
export const Teams = z.looseObject({ teams: listOf(Team) });
export type Teams = z.infer<typeof Teams>;

const NameById = z.record(z.string(), z.string());
const TeamIndex = z.record(z.string(), z.int().nonnegative());

/** What each look-up remembers, by the name of its feed, for the bill to be read with. */
export const LOOKUP_STATES = {
  /** SKUs of the instance types. */
  prices: defineState(NameById),
  /** Which of `teams` owns a model or deployment, by its id and by the name of the model. */
  models: defineState(z.object({ teams: z.array(z.string()), ids: TeamIndex, names: TeamIndex })),
  teams: defineState(NameById),
} as const;

const MAX_TYPES = 1000;

/** Reads what a minute of each instance type costs. The state has the SKU of each id, unless that is the id itself. */
export function readPrices({ instance_types }: InstanceTypePrices): RangeReading {
  const drift = new DriftLog();
  // Without an id nothing tells which type it is.
  const types = instance_types.flatMap(({ instance_type: { id, name }, price }) =>
    id === undefined ? [] : [{ id, name, price }],
  );
  // Of a type that is listed twice the first price counts.
  for (const [id, rows] of Map.groupBy(types, (type) => type.id))
    if (rows.length > 1) drift.add('repeated_row', `instance type ${id}`);
  const skuOf = skusOf(types);
  const listed = drift.limit(MAX_TYPES, 'instance types', types);
  const skus = listed.map(({ id }) => [id, skuOf(id)] as const);
  return reading({
    observations: listed.flatMap(({ id, price }) =>
      observe('unitPrice', { resource: '', model: '', tier: 'dedicated', sku: skuOf(id) }, price),
    ),
    drift: drift.list(),
    state: LOOKUP_STATES.prices.write(Object.fromEntries(skus.filter(([id, sku]) => id !== sku))),
  });
}

/** The name is what bills call a type by. If several types share it, only the id tells which is meant. */
function skusOf(types: readonly { id: string; name?: string | null | undefined }[]): (id: string) => string {
  const names = new Map(types.map(({ id, name }) => [id, name]));
  const owners = Map.groupBy(names.keys(), (id) => names.get(id));
  return (id) => {
    const name = names.get(id);
    return name && owners.get(name)?.length === 1 && !names.has(name) ? name : id;
  };
}

/** What is remembered is written with every poll. */
const MAX_IDS = 5000;

type Owned = readonly [thing: string | null | undefined, team: string | null | undefined];

/** Reads which team owns which model; what several teams own, by name or by id, tells nothing. */
export function readModels({ models }: Models): RangeReading {
  const drift = new DriftLog();
  const byId = models.flatMap((model): Owned[] =>
    [model.id, model.production_deployment_id, model.development_deployment_id].map((id) => [
      id,
      model.team_name,
    ]),
  );
  const byName = models.map(({ name, team_name }): Owned => [name, team_name]);
  const ids = drift.limit(MAX_IDS, 'models by id', unambiguous(byId));
  const names = drift.limit(MAX_IDS, 'models by name', unambiguous(byName));
  const teams = [...new Set([...ids, ...names].map(([, team]) => team))];
  const indexed = (all: readonly (readonly [string, string])[]) =>
    Object.fromEntries(all.map(([thing, team]) => [thing, teams.indexOf(team)]));
  const state = LOOKUP_STATES.models.write({ teams, ids: indexed(ids), names: indexed(names) });
  return reading({ drift: drift.list(), state });
}

/** Reads the names of the teams. */
export function readTeams({ teams }: Teams): RangeReading {
  const drift = new DriftLog();
  const names = unambiguous(teams.map(({ id, name }) => [id, name]));
  const state = LOOKUP_STATES.teams.write(Object.fromEntries(drift.limit(MAX_IDS, 'teams', names)));
  return reading({ drift: drift.list(), state });
}

/** Of things that are named, those that are always the same team's. */
function unambiguous(owned: readonly Owned[]): [thing: string, team: string][] {
  const owners = Map.groupBy(owned, ([thing]) => thing);
  return [...owners].flatMap(([thing, all]): [string, string][] => {
    const [team, ...others] = new Set(all.map(([, each]) => each ?? ''));
    return thing && team && others.length === 0 ? [[thing, team]] : [];
  });
}
