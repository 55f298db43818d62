import type { BilledResource, Project, ResourceType, Team, UsageHour } from './schema.ts';

/** One request of the walk through an hour. */
export interface HourCall {
  /** Team, project and resource-type filters; none of them: the unfiltered hour. */
  readonly team?: string;
  readonly project?: string;
  readonly types?: string;
  /** Which further page of the answer, under the name its contract has for that. */
  readonly paging?: { readonly parameter: string; readonly page: number; readonly isPromised: boolean };
}

/** A call and its answer; undefined where Northflank does not know what was asked for. */
export interface HourPage {
  readonly call: HourCall;
  readonly hour: UsageHour | undefined;
}

/** Whether two calls have the same filters, whatever page they ask for. */
export function isSameWalk(a: HourCall, b: HourCall): boolean {
  return a.team === b.team && a.project === b.project && a.types === b.types;
}

/** The teams of several answers as one, down to the resources. What came first wins: a page that is given twice adds nothing. */
export function teamsOf(pages: readonly HourPage[]): Team[] {
  return pages.reduce<Team[]>((teams, { hour }) => mergedTeams(teams, hour?.paas?.teams ?? []), []);
}

function mergedTeams(a: readonly Team[], b: readonly Team[]): Team[] {
  return merged(a, b, idOf, (x, y) => ({ ...x, projects: mergedProjects(x.projects, y.projects) }));
}

function mergedProjects(a: readonly Project[], b: readonly Project[]): Project[] {
  return merged(a, b, idOf, (x, y) => ({
    ...x,
    resourceTypes: mergedTypes(x.resourceTypes, y.resourceTypes),
  }));
}

function mergedTypes(a: readonly ResourceType[], b: readonly ResourceType[]): ResourceType[] {
  const merge = (x: ResourceType, y: ResourceType) => ({
    ...x,
    resources: merged(x.resources, y.resources, idOf, (first) => first),
  });
  return merged(a, b, ({ resourceType }) => resourceType, merge);
}

function idOf({ id }: { readonly id: string }): string {
  return id;
}

function merged<Item>(
  a: readonly Item[],
  b: readonly Item[],
  keyOf: (item: Item) => string,
  merge: (first: Item, second: Item) => Item,
): Item[] {
  const items = new Map<string, Item>();
  for (const item of [...a, ...b]) {
    const known = items.get(keyOf(item));
    items.set(keyOf(item), known ? merge(known, item) : item);
  }
  return [...items.values()];
}

/** A resource and its type. */
export interface BilledRow {
  readonly resourceType: string;
  readonly resource: BilledResource;
}

/** The resources of a project as rows. */
export function rowsOf(project: Project | undefined): BilledRow[] {
  return (project?.resourceTypes ?? []).flatMap(({ resourceType, resources }) =>
    resources.map((resource) => ({ resourceType, resource })),
  );
}
