import { z } from 'zod';
import { lenient, listOf, OtherMoney, Text } from '../../api/schemas.ts';
import { defineState } from '../../api/state.ts';

/** Documented, and of no use here. */
const Unused = z.unknown().optional();
const Id = lenient(z.string().min(1));

/** `GET /v1/instance_type_prices`: US dollars per minute. */
export const InstanceTypePrices = z.looseObject({
  instance_types: listOf(
    z.looseObject({
      instance_type: z.looseObject({
        id: Id,
        name: Text,
        memory_limit_mib: Unused,
        millicpu_limit: Unused,
        gpu_count: Unused,
        gpu_type: Unused,
        gpu_memory_limit_mib: Unused,
      }),
      price: OtherMoney,
    }),
  ),
});
export type InstanceTypePrices = z.infer<typeof InstanceTypePrices>;

/** `GET /v1/models`. */
export const Models = z.looseObject({
  models: listOf(
    z.looseObject({
      id: Id,
      name: Text,
      production_deployment_id: Text,
      development_deployment_id: Text,
      team_name: Text,
      created_at: Unused,
      deployments_count: Unused,
      instance_type_name: Unused,
    }),
  ),
});
export type Models = z.infer<typeof Models>;

/** `GET /v1/teams`. */
export const Teams = z.looseObject({
  teams: listOf(z.looseObject({ id: Id, name: Text, default: Unused, created_at: Unused })),
});
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
