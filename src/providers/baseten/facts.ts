import type { ResourceFacts } from '../../core/statement/statement.ts';
import type { Names } from './names.ts';
import type { BillableResource } from './schema.ts';
import type { Usage } from './usage.ts';

/** One description of each resource, whichever rows and tiers name it; the values of unlike rows are joined by commas. */
export function factsOf(usage: readonly Usage[], names: Names): ResourceFacts[] {
  const rows = new Map<string, Map<BillableResource, ResourceFacts>>();
  for (const { item } of usage) {
    const resource = item?.billable_resource;
    if (resource?.id === undefined) continue;
    const known = rows.get(resource.id) ?? new Map<BillableResource, ResourceFacts>();
    if (!known.has(resource))
      rows.set(resource.id, known.set(resource, factsOfRow(resource.id, resource, names)));
  }
  return [...rows].map(([id, known]) => joined(id, [...known.values()]));
}

function factsOfRow(id: string, resource: BillableResource, names: Names): ResourceFacts {
  const { name, kind, model_name, chain_metadata, environment_name } = resource;
  const [team, instance_type] = [names.teamOf(resource), names.instanceTypeOf(resource)];
  // The parent of a deployment is its model, which may be renamed: the label `model` is frozen, this is not.
  const project = chain_metadata?.chain_name || model_name;
  return {
    resource: id,
    ...(name && { name }),
    ...(kind && { kind }),
    ...(project && { project }),
    ...(team && { team }),
    ...(environment_name && { environment_name }),
    ...(instance_type && { instance_type }),
    ...(typeof resource.is_deleted === 'boolean' && { deleted: resource.is_deleted }),
  };
}

const TEXTS = ['name', 'kind', 'project', 'team', 'environment_name', 'instance_type'] as const;

/** Deleted only if no row says that it is still there. */
function joined(resource: string, rows: readonly ResourceFacts[]): ResourceFacts {
  const texts = TEXTS.flatMap((key) => {
    const values = [...new Set(rows.flatMap((row) => row[key] ?? []))].sort();
    return values.length > 0 ? [[key, values.join(',')]] : [];
  });
  const deleted = rows.flatMap((row) => row.deleted ?? []);
  return {
    resource,
    ...Object.fromEntries(texts),
    ...(deleted.length > 0 && { deleted: deleted.every(Boolean) }),
  };
}
