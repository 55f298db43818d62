import { z } from 'zod';
import type { Charge, ResourceFacts } from '../../core/statement/statement.ts';
import { cursorPages } from './cursor-pages.ts';
import { DriftLog } from './drift-log.ts';
import { snapshotFeed } from './feeds.ts';
import type { Feed } from './provider.ts';
import { factsOf, reading } from './readings.ts';
import { lenient, listOf, Text, unusedFields } from './schemas.ts';
import { defineState } from './state.ts';

/** A list of what has an id and a name, such as projects, in pages that follow the last id of the one before. */
interface NamedList {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** The parameter that takes the last id of a page. */
  readonly cursor: string;
  /** Documented fields of an entry beside its id and name. */
  readonly unused: readonly string[];
}

const NameById = defineState(z.record(z.string(), z.string()));
/** What is remembered is written with every poll. */
const MAX_NAMES = 5000;

function pageOf(unused: readonly string[]) {
  const entry = z.looseObject({ id: lenient(z.string().min(1)), name: Text, ...unusedFields(...unused) });
  return z.looseObject({
    data: listOf(entry),
    has_more: lenient(z.boolean()),
    last_id: Text,
    ...unusedFields('object', 'first_id'),
  });
}

/**
 * An optional feed that remembers the name of each id, for {@link namedResources}. What is named was billed elsewhere: nothing depends
 * on it.
 */
export function namesFeed<Config>(
  name: string,
  schedule: string,
  { path, query, cursor, unused }: NamedList,
): Feed<Config, unknown> {
  const schema = pageOf(unused);
  return snapshotFeed<Config, z.infer<typeof schema>['data']>({
    name,
    schedule,
    optional: true,
    async ask(ask) {
      const entries = [];
      const pageAt = async (after: string | undefined) =>
        (await ask({ path, query: { ...query, ...(after && { [cursor]: after }) }, schema })).body;
      const cursorOf = ({ has_more, last_id }: z.infer<typeof schema>) => (has_more ? last_id : undefined);
      for await (const { data } of cursorPages(path, pageAt, cursorOf)) entries.push(...data);
      return entries;
    },
    read(entries) {
      const drift = new DriftLog();
      const named = entries.flatMap(({ id, name: text }) => (id && text ? [[id, text] as const] : []));
      const state = NameById.write(Object.fromEntries(drift.limit(MAX_NAMES, name, named)));
      return reading({ drift: drift.list(), state });
    },
  });
}

/**
 * The resources of some charges, and those that have a name: what is not used any more gets its name, too.
 *
 * @param remembered the state of the feed that reads the names.
 */
export function namedResources(
  charges: readonly Charge[],
  kind: string,
  remembered: string | undefined,
): ResourceFacts[] {
  const names = new Map(Object.entries(NameById.read(remembered) ?? {}));
  const ids = new Set([...charges.map(({ resource }) => resource), ...names.keys()]);
  ids.delete('');
  return [...ids].map((resource) => factsOf({ resource, kind, name: names.get(resource) }));
}
