import { DriftLog } from '../../api/drift-log.ts';
import type { RangeReading } from '../../api/provider.ts';
import { observe, reading } from '../../api/readings.ts';
import { type InstanceTypePrices, LOOKUP_STATES } from './schema.ts';

const MAX_TYPES = 1000;

/** Reads what a minute of each instance type costs. The state has the SKU of each id, unless that is the id itself. */
export function readPrices({ instance_types }: InstanceTypePrices): RangeReading {
  const drift = new DriftLog();
  // Without an id nothing tells which type it is.
  const types = instance_types.flatMap(({ instance_type: { id, name }, price }) =>
    id === undefined ? [] : [{ id, name, price }],
  );
  // Of a type that is listed twice the first price counts.
  for (const [id, rows] of Map.groupBy(types, (type) => type.id))
    if (rows.length > 1) drift.add('repeated_row', `instance type ${id}`);
  const skuOf = skusOf(types);
  const listed = drift.limit(MAX_TYPES, 'instance types', types);
  const skus = listed.map(({ id }) => [id, skuOf(id)] as const);
  return reading({
    observations: listed.flatMap(({ id, price }) =>
      observe('unitPrice', { resource: '', model: '', tier: 'dedicated', sku: skuOf(id) }, price),
    ),
    drift: drift.list(),
    state: LOOKUP_STATES.prices.write(Object.fromEntries(skus.filter(([id, sku]) => id !== sku))),
  });
}

/** The name is what bills call a type by. If several types share it, only the id tells which is meant. */
function skusOf(types: readonly { id: string; name?: string | null | undefined }[]): (id: string) => string {
  const names = new Map(types.map(({ id, name }) => [id, name]));
  const owners = Map.groupBy(names.keys(), (id) => names.get(id));
  return (id) => {
    const name = names.get(id);
    return name && owners.get(name)?.length === 1 && !names.has(name) ? name : id;
  };
}
