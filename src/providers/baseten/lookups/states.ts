import { z } from 'zod';
import { defineState } from '../../api/state.ts';

const NameById = z.record(z.string(), z.string());

/** What each look-up remembers, by the name of its feed, for the bill to be read with. */
export const LOOKUP_STATES = {
  /** SKUs of the instance types, by id. */
  prices: defineState(NameById),
  /** Teams, and which of them owns a model or deployment, by id and by name of the model. */
  models: defineState(
    z.object({
      teams: z.array(z.string()),
      ids: z.record(z.string(), z.int().nonnegative()),
      names: z.record(z.string(), z.int().nonnegative()),
    }),
  ),
  /** Names of the teams, by id. */
  teams: defineState(NameById),
} as const;
