import type { ApiContract } from './schema.ts';
import { addsUp, type HourCall, type HourPage, type TeamView, teamsOf, viewsOf, walkOf } from './tree.ts';

/** What each request for resource types asks for: one type in the legacy contract, a list in the current one. */
const TYPES: Readonly<Record<ApiContract, readonly string[]>> = {
  legacy: ['service', 'addon', 'volume', 'job', 'llm-model-deployment', 'opentofu-job', 'external-addon'],
  current: ['service,job,harness,addon,volume'],
};

/** Every resource type that a documented contract names. */
export const KNOWN_TYPES: ReadonlySet<string> = new Set(
  Object.values(TYPES).flatMap((lists) => lists.join(',').split(',')),
);

/** A list of this length may have been cut: the default and the largest page size. */
const PAGE_SIZES = new Set([50, 100]);
const MAX_PAGES = 200;

/**
 * The request that brings the walk through an hour closest to its end, or undefined when nothing more is to be learned.
 *
 * First the unfiltered hour; then, team by team, the fewest requests that show every resource: project by project, or by
 * resource type. Where the resources of a project do not make up its price (a type that this program does not know), the
 * project is asked for by itself.
 *
 * @param isTeamForm the path names the team, so that no filter does.
 */
export function nextCall(pages: readonly HourPage[], isTeamForm: boolean): HourCall | undefined {
  const first = pages[0];
  if (!first) return {};
  const further = furtherPage(pages);
  if (further || !first.hour) return further;
  const types = first.hour.contract ? TYPES[first.hour.contract] : [];
  for (const view of viewsOf(pages, isTeamForm)) {
    const call = addsUp(view.team.price, []) ? undefined : nextOfTeam(view, types);
    if (call) return call;
  }
  return undefined;
}

function nextOfTeam(view: TeamView, types: readonly string[]): HourCall | undefined {
  const left = types.filter((type) => !view.typesAsked.has(type));
  const listed = view.projects.filter(({ isListed }) => isListed);
  if (listed.length === 0) return nextUnlisted(view, left);
  const open = listed.filter(({ isAnswered, price, resources }) => !isAnswered && !addsUp(price, resources));
  const askable = open.filter(({ isAsked }) => !isAsked);
  const [next] = askable;
  if (next && (left.length === 0 || askable.length <= left.length))
    return { ...view.filter, projectId: next.id };
  return open.length > 0 && left[0] !== undefined ? { ...view.filter, resourceType: left[0] } : undefined;
}

/** Without its projects' prices a team is asked by type if that takes one request; else its projects are listed first. */
function nextUnlisted(view: TeamView, left: readonly string[]): HourCall | undefined {
  const found = view.projects.flatMap(({ resources }) => resources);
  if (addsUp(view.team.price, found)) return undefined;
  const isCheap = left.length === 1 || !view.isListable;
  if (left[0] !== undefined && isCheap) return { ...view.filter, resourceType: left[0] };
  return view.isListable ? { teamId: view.team.id } : undefined;
}

/** The next page of the newest answer, if there is or seems to be one. */
function furtherPage(pages: readonly HourPage[]): HourCall | undefined {
  const last = pages.at(-1);
  if (!last?.hour) return undefined;
  const page = (last.call.paging?.page ?? 1) + 1;
  const walk = walkOf(pages, last.call);
  const [whole, before] = [listOf(last.call, walk), listOf(last.call, walk.slice(0, -1))];
  const isFull = PAGE_SIZES.has(listOf(last.call, [last]).length) && !whole.addsUp;
  const isPromised = last.hour.hasNextPage;
  if (page > MAX_PAGES || whole.length === before.length || !(isPromised || isFull)) return undefined;
  const parameter = last.hour.contract === 'current' ? `${whole.unit}Page` : 'page';
  return { ...last.call, paging: { parameter, page, isPromised } };
}

/** What an answer's pages go through, the level below the deepest filter, and whether its entries make up the price above them. */
function listOf({ teamId, projectId, resourceType }: HourCall, walk: readonly HourPage[]) {
  const teams = teamsOf(walk);
  const projects = teams.flatMap((team) => team.projects);
  if (projectId !== undefined) {
    const isWhole = projects.every(({ price, resources }) => addsUp(price, resources));
    const { length } = projects.flatMap(({ resources }) => resources);
    return { unit: 'resources', length, addsUp: isWhole };
  }
  if (teamId !== undefined || resourceType !== undefined || teams.length === 1) {
    const isWhole = teams.every((team) => addsUp(team.price, team.projects));
    return { unit: 'projects', length: projects.length, addsUp: isWhole };
  }
  const price = walk[0]?.hour?.prices.paas;
  return { unit: 'teams', length: teams.length, addsUp: !price || addsUp(price, teams) };
}
