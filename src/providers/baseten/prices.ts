import type { Drift, Observation, Reading } from '../../core/statement.ts';
import { unknownFieldsOf } from '../unknown-fields.ts';
import { type Memo, within } from './memo.ts';
import { InstanceTypePrices } from './schema.ts';

const MOST_TYPES = 1000;

type Type = InstanceTypePrices['instance_types'][number]['instance_type'];

/** Reads what a minute of each instance type costs. The memo says under which SKU each id stands, where that is not the id. */
export function readPrices(body: InstanceTypePrices): Reading & { readonly memo: string } {
  const listed = within(MOST_TYPES, 'instance types', body.instance_types);
  const skuOf = skusOf(body.instance_types.map(({ instance_type }) => instance_type));
  const skus = listed.kept.map(({ instance_type: { id } }): [string, string] => [id, skuOf(id)]);
  const memo: Memo['prices'] = Object.fromEntries(skus.filter(([id, sku]) => id !== sku));
  return {
    resources: [],
    observations: listed.kept.map(({ instance_type: { id }, price: value }): Observation => {
      return {
        metric: 'unitPrice',
        labels: { resource: '', model: '', tier: 'dedicated', sku: skuOf(id) },
        value,
      };
    }),
    drift: [...repeatsIn(body), ...listed.drift, ...unknownFieldsOf(InstanceTypePrices, body)],
    memo: JSON.stringify(memo),
  };
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
function repeatsIn({ instance_types: types }: InstanceTypePrices): Drift[] {
  const rows = Map.groupBy(types, ({ instance_type }) => instance_type.id);
  return [...rows].flatMap(([id, { length }]) =>
    length > 1 ? [{ kind: 'repeated_row', what: `instance type ${id}` }] : [],
  );
}
