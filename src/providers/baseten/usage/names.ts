import type { FeedContext } from '../../api/provider.ts';
import { LOOKUP_STATES } from '../lookups/states.ts';
import type { BillableResource } from './schema.ts';

/** What the look-ups know of a resource, so far as they were read. */
export interface Names {
  /** The team that owns it: the bill's own word first. */
  teamOf(resource: BillableResource): string | undefined;
  /** Its instance type under the name that the unit price has as `sku`. */
  instanceTypeOf(resource: BillableResource): string | undefined;
}

export function namesOf({ stateOf }: Pick<FeedContext<unknown>, 'stateOf'>): Names {
  const teams = entriesOf(LOOKUP_STATES.teams.read(stateOf('teams')));
  const models = LOOKUP_STATES.models.read(stateOf('models'));
  const [ids, names] = [entriesOf(models?.ids), entriesOf(models?.names)];
  const skus = entriesOf(LOOKUP_STATES.prices.read(stateOf('prices')));
  return {
    teamOf({ id, kind, team_id, team_name, model_id, model_name }) {
      const known = team_name || teams.get(team_id ?? '');
      if (known) return known;
      // The `model_name` of anything else is the name of its chain or training project.
      const byName = kind === 'MODEL_DEPLOYMENT' ? names.get(model_name ?? '') : undefined;
      return models?.teams[ids.get(id ?? '') ?? ids.get(model_id ?? '') ?? byName ?? -1];
    },
    instanceTypeOf: ({ instance_type: type }) => (type ? (skus.get(type) ?? type) : undefined),
  };
}

function entriesOf<Value>(record: Readonly<Record<string, Value>> = {}): ReadonlyMap<string, Value> {
  return new Map(Object.entries(record));
}
