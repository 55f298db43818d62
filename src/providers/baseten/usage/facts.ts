import type { ResourceFacts } from '../../../core/statement/statement.ts';
import type { FeedContext } from '../../api/provider.ts';
import { factsOf } from '../../api/readings.ts';
import { LOOKUP_STATES } from '../lookups/lookups.ts';
import type { Usage } from './rows.ts';
import type { BillableResource } from './schema.ts';

export type Names = ReturnType<typeof namesOf>;

/** What the look-ups know of a resource, so far as they were read. */
export function namesOf({ stateOf }: Pick<FeedContext<unknown>, 'stateOf'>) {
  const teams = entriesOf(LOOKUP_STATES.teams.read(stateOf('teams')));
  const models = LOOKUP_STATES.models.read(stateOf('models'));
  const [ids, names] = [entriesOf(models?.ids), entriesOf(models?.names)];
  const skus = entriesOf(LOOKUP_STATES.prices.read(stateOf('prices')));
  return {
    /** The team that owns it: the bill's own word first. */
    teamOf({ id, kind, team_id, team_name, model_id, model_name }: BillableResource): string | undefined {
      const known = team_name || teams.get(team_id ?? '');
      if (known) return known;
      // The `model_name` of anything else is the name of its chain or training project.
      const byName = kind === 'MODEL_DEPLOYMENT' ? names.get(model_name ?? '') : undefined;
      return models?.teams[ids.get(id ?? '') ?? ids.get(model_id ?? '') ?? byName ?? -1];
    },
    /** Its instance type under the name that the unit price has as `sku`. */
    instanceTypeOf: ({ instance_type: type }: BillableResource) =>
      type ? (skus.get(type) ?? type) : undefined,
  };
}

function entriesOf<Value>(record: Readonly<Record<string, Value>> = {}): ReadonlyMap<string, Value> {
  return new Map(Object.entries(record));
}

/** One description of each resource, whichever rows and tiers name it. */
export function resourcesOf(usage: readonly Usage[], names: Names): ResourceFacts[] {
  const described = new Set(
    usage.map(({ item }) => item?.billable_resource).filter((row) => row !== undefined),
  );
  const byId = Map.groupBy(described, ({ id }) => id);
  return [...byId].flatMap(([id, rows]) => (id === undefined ? [] : [describe(id, rows, names)]));
}

/** The values of unlike rows, joined by commas; deleted only if no row says that it is still there. */
function describe(resource: string, rows: readonly BillableResource[], names: Names): ResourceFacts {
  const joined = (textOf: (row: BillableResource) => string | null | undefined) =>
    [...new Set(rows.flatMap((row) => textOf(row) || []))].sort().join(',');
  const deleted = rows.flatMap(({ is_deleted }) => is_deleted ?? []);
  return factsOf({
    resource,
    name: joined(({ name }) => name),
    kind: joined(({ kind }) => kind),
    // The parent of a deployment is its model, which may be renamed: the label `model` is frozen, this is not.
    project: joined(({ chain_metadata: chain, model_name }) => chain?.chain_name || model_name),
    team: joined(names.teamOf),
    environment_name: joined(({ environment_name }) => environment_name),
    instance_type: joined(names.instanceTypeOf),
    deleted: deleted.length > 0 ? deleted.every(Boolean) : undefined,
  });
}
