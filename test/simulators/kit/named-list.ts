import { limitOf } from './bucket-report.ts';

/** A thing that has an id and a name, with whatever else its list shows. */
interface Named {
  readonly id: string;
  readonly name: string;
}

/** A page of a list that is walked by the last id of the page before; undefined for a limit that is refused. */
export function namedPage<Entry extends Named>(
  query: URLSearchParams,
  all: readonly Entry[],
  { cursor, max }: { readonly cursor: string; readonly max: number },
) {
  const limit = limitOf(query.get('limit'), 20, max);
  if (limit === undefined) return undefined;
  const after = all.findIndex(({ id }) => id === query.get(cursor)) + 1;
  const data = all.slice(after, after + limit);
  const [first_id, last_id] = [data[0]?.id ?? null, data.at(-1)?.id ?? null];
  return { data, first_id, last_id, has_more: after + limit < all.length };
}
