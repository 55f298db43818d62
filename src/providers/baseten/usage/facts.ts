import type { ResourceFacts } from '../../../core/statement/statement.ts';
import { factsOf } from '../../api/readings.ts';
import type { Names } from './names.ts';
import type { Usage } from './rows.ts';
import type { BillableResource } from './schema.ts';

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
