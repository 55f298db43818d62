import type { Drift, Observation, Reading } from '../../core/statement/statement.ts';
import type { Fixed } from '../../core/values/money.ts';
import { unknownFieldsOf } from '../api/unknown-fields.ts';
import { type Memo, within } from './memo.ts';
import { InstanceTypePrices } from './schema.ts';

const MOST_TYPES = 1000;

interface Type {
  readonly id: string;
  readonly name: string | null | undefined;
  readonly price: Fixed | null | undefined;
}

/** Reads what a minute of each instance type costs. The state says under which SKU each id stands, where that is not the id. */
export function readPrices(body: InstanceTypePrices): Reading & { readonly state: string } {
  const types = typesIn(body);
  const listed = within(MOST_TYPES, 'instance types', types);
  const skuOf = skusOf(types);
  const skus = listed.kept.map(({ id }): [string, string] => [id, skuOf(id)]);
  const state: Memo['prices'] = Object.fromEntries(skus.filter(([id, sku]) => id !== sku));
  return {
    resources: [],
    observations: listed.kept.flatMap(({ id, price }): Observation[] => {
      const labels = { resource: '', model: '', tier: 'dedicated', sku: skuOf(id) };
      return typeof price === 'bigint' ? [{ metric: 'unitPrice', labels, value: price }] : [];
    }),
    drift: [...repeatsIn(types), ...listed.drift, ...unknownFieldsOf(InstanceTypePrices, body)],
    state: JSON.stringify(state),
  };
}

/** Without an id nothing tells which type it is. */
function typesIn({ instance_types: rows }: InstanceTypePrices): Type[] {
  return rows.flatMap(({ instance_type: { id, name }, price }) =>
    id === undefined ? [] : [{ id, name, price }],
  );
}

/** The name is what bills call a type by. Where it tells no single type, only the id does. */
function skusOf(types: readonly Type[]): (id: string) => string {
  const names = new Map(types.map(({ id, name }) => [id, name]));
  const owners = Map.groupBy(names.keys(), (id) => names.get(id));
  return (id) => {
    const name = names.get(id);
    if (!name || owners.get(name)?.length !== 1) return id;
    return names.has(name) ? id : name;
  };
}

/** Of a type that is listed twice the first price counts. */
function repeatsIn(types: readonly Type[]): Drift[] {
  const rows = Map.groupBy(types, ({ id }) => id);
  return [...rows].flatMap(([id, { length }]) =>
    length > 1 ? [{ kind: 'repeated_row', what: `instance type ${id}` }] : [],
  );
}
