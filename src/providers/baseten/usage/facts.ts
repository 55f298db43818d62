import type { ResourceFacts } from '../../../core/statement/statement.ts';
import type { FeedContext } from '../../api/provider.ts';
import { factsOf } from '../../api/readings.ts';
import { LOOKUP_STATES } from '../lookups/schema.ts';
import type { Usage } from './rows.ts';
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

/** One description of each resource, whichever rows and tiers name it; the values of unlike rows are joined by commas. */
export function resourcesOf(usage: readonly Usage[], names: Names): ResourceFacts[] {
  const described = new Set(usage.map(({ item }) => item?.billable_resource));
  const rows = [...described].flatMap((resource) => rowFacts(resource, names));
  return [...Map.groupBy(rows, ({ resource }) => resource)].map(([id, facts]) => joined(id, facts));
}

function rowFacts(resource: BillableResource | undefined, names: Names): ResourceFacts[] {
  if (resource?.id === undefined) return [];
  const { name, kind, model_name, chain_metadata, environment_name, is_deleted: deleted } = resource;
  // The parent of a deployment is its model, which may be renamed: the label `model` is frozen, this is not.
  const project = chain_metadata?.chain_name || model_name;
  const [team, instance_type] = [names.teamOf(resource), names.instanceTypeOf(resource)];
  return [
    factsOf({ resource: resource.id, name, kind, project, team, environment_name, instance_type, deleted }),
  ];
}

const TEXTS = ['name', 'kind', 'project', 'team', 'environment_name', 'instance_type'] as const;

/** Deleted only if no row says that it is still there. */
function joined(resource: string, rows: readonly ResourceFacts[]): ResourceFacts {
  const deleted = rows.flatMap((row) => row.deleted ?? []);
  const texts = TEXTS.map((key) => {
    const values = new Set(rows.flatMap((row) => row[key] ?? []));
    return [key, [...values].sort().join(',')];
  });
  return factsOf({
    resource,
    ...Object.fromEntries(texts),
    deleted: deleted.length > 0 ? deleted.every(Boolean) : undefined,
  });
}
