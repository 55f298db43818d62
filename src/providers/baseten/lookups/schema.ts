import { z } from 'zod';
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
