import type { ResourceFacts } from '../statement/statement.ts';
import { cleanLabel } from '../values/label.ts';
import { getOrCreate } from '../values/maps.ts';
import type { ResourceRow } from './records.ts';
import type { LedgerState } from './state.ts';

/** The resource rows whose names or properties a reading changed. */
export function updateResources(
  state: LedgerState,
  account: number,
  facts: readonly ResourceFacts[],
  created: ReadonlyMap<string, ResourceRow>,
): ResourceRow[] {
  const rows = new Map(created);
  const rowOf = (resource: string) => rows.get(resource) ?? state.resource(account, resource);
  // Overflowed resources have no row, and there may be many of them.
  const known = facts.flatMap((each) => {
    const resource = cleanLabel(each.resource);
    return rowOf(resource) ? [{ ...each, resource }] : [];
  });
  for (const [resource, current] of mergeFacts(known)) {
    const row = rowOf(resource);
    if (!row || JSON.stringify(row.facts) === JSON.stringify(current)) continue;
    rows.set(resource, { ...row, facts: current });
  }
  return [...rows.values()];
}

/** One entry per resource; several values of one property are joined by commas, in a stable order. */
function mergeFacts(facts: readonly ResourceFacts[]): Map<string, ResourceFacts> {
  const merged = new Map<string, ResourceFacts>();
  for (const [resource, entries] of Map.groupBy(facts, (entry) => entry.resource)) {
    const values = new Map<string, Set<string>>();
    let deleted: boolean | undefined;
    for (const { resource: _, deleted: gone, ...texts } of entries) {
      if (gone !== undefined) deleted = (deleted ?? true) && gone;
      for (const [name, value] of Object.entries(texts)) {
        if (value) getOrCreate(values, name, () => new Set()).add(value);
      }
    }
    const texts = [...values]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, set]) => [name, cleanLabel([...set].sort().join(','))]);
    merged.set(resource, {
      resource,
      ...Object.fromEntries(texts),
      ...(deleted === undefined ? {} : { deleted }),
    });
  }
  return merged;
}
