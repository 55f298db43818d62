import type { Fixed } from '../../../core/values/money.ts';
import type { BilledResource, MoneyPrice, Project, Team, UsageHour } from './schema.ts';

/** One request of the walk through an hour: its filters, none of them for the unfiltered hour. */
export interface HourCall {
  readonly teamId?: string;
  readonly projectId?: string;
  readonly resourceType?: string;
  /** Which further page of the answer, under the name its contract has for that. */
  readonly paging?: { readonly parameter: string; readonly page: number; readonly isPromised: boolean };
}

/** A call and its answer; undefined where Northflank does not know what was asked for. */
export interface HourPage {
  readonly call: HourCall;
  readonly hour: UsageHour | undefined;
}

/** The pages with the same filters, whatever page they ask for. */
export function walkOf(pages: readonly HourPage[], filters: HourCall): HourPage[] {
  const { teamId, projectId, resourceType } = filters;
  return pages.filter(
    ({ call }) =>
      call.teamId === teamId && call.projectId === projectId && call.resourceType === resourceType,
  );
}

/** The teams of several answers as one, down to the resources. What came first wins: a page that is given twice adds nothing. */
export function teamsOf(pages: readonly HourPage[]): Team[] {
  const teams = pages.flatMap(({ hour }) => hour?.teams ?? []);
  return merged(teams, (same) => ({ projects: mergedProjects(same.flatMap(({ projects }) => projects)) }));
}

function mergedProjects(projects: readonly Project[]): Project[] {
  return merged(projects, (same) => ({ resources: mergedResources(same) }));
}

/** By type, for resources of different types may share an id. */
function mergedResources(projects: readonly Project[]): BilledResource[] {
  const resources = projects.flatMap((project) => project.resources);
  const byType = Map.groupBy(resources, ({ resourceType }) => resourceType);
  return [...byType.values()].flatMap((ofType) => merged(ofType, () => ({})));
}

/** Entries of one id as the first of them, with what `join` makes of them all. */
function merged<Entry extends { readonly id: string }>(
  entries: readonly Entry[],
  join: (same: readonly Entry[]) => Partial<Entry>,
): Entry[] {
  return [...Map.groupBy(entries, ({ id }) => id).values()].flatMap(([first, ...others]) =>
    first && others.length > 0 ? { ...first, ...join([first, ...others]) } : (first ?? []),
  );
}

/** Gaps up to this many units are rounding of the parts and no missing resource; it decides about calls, never about money. */
const ROUNDING: Fixed = 10_000n; // 1e-8: ten thousand parts, each off by 1e-12

/** Whether the parts make up the whole, apart from rounding. */
export function addsUp(whole: MoneyPrice, parts: readonly { readonly price: MoneyPrice }[]): boolean {
  const gap = parts.reduce((rest, { price }) => rest - price.total, whole.total);
  return gap <= ROUNDING && gap >= -ROUNDING;
}

/** What is known of a team so far. */
export interface TeamView {
  readonly team: Team;
  /** Narrows a request to this team, where the answer may hold others. */
  readonly filter: Pick<HourCall, 'teamId'>;
  /** Whether its projects can be asked for, and were not yet. */
  readonly isListable: boolean;
  readonly typesAsked: ReadonlySet<string | undefined>;
  /** Every project that any answer named, with the resources found so far. Never those of differently filtered answers together. */
  readonly projects: readonly ProjectView[];
}

interface ProjectView extends Project {
  /** Its full price is known, and not only that of a slice. */
  readonly isListed: boolean;
  /** It was asked for by itself, whether or not that gave resources. */
  readonly isAsked: boolean;
  /** It was asked for and gave resources: more requests cannot add to them. */
  readonly isAnswered: boolean;
}

/** The teams of the unfiltered hour. `isTeamForm`: the path names the team, so that no filter does. */
export function viewsOf(pages: readonly HourPage[], isTeamForm: boolean): TeamView[] {
  const teams = teamsOf(walkOf(pages, {}));
  return teams.map((team) => {
    const isAlone = team.id === '' || (teams.length === 1 && team.projects.length > 0);
    const filter = isTeamForm || isAlone ? {} : { teamId: team.id };
    const lists = walkOf(pages, { teamId: team.id });
    const ofTeam = pages.filter(({ call }) => call.teamId === filter.teamId);
    return {
      team,
      filter,
      isListable: team.id !== '' && !isTeamForm && lists.length === 0,
      typesAsked: new Set(ofTeam.map(({ call }) => call.resourceType)),
      projects: projectViews(team, [...team.projects, ...projectsOf(team, lists)], ofTeam),
    };
  });
}

function projectViews(team: Team, listed: readonly Project[], pages: readonly HourPage[]): ProjectView[] {
  const ofTypes = pages.filter(({ call }) => call.resourceType !== undefined);
  const ofProjects = pages.filter(({ call }) => call.projectId !== undefined);
  const byType = projectsOf(team, ofTypes);
  const [answers, slices] = [resourcesById(projectsOf(team, ofProjects)), resourcesById(byType)];
  const asked = new Set(ofProjects.map(({ call }) => call.projectId));
  const priced = new Set(listed.map(({ id }) => id));
  const all = new Map([...byType, ...listed].map((project) => [project.id, project]));
  return [...all.values()].map((project) => ({
    ...project,
    resources: answers.get(project.id) ?? slices.get(project.id) ?? [],
    isListed: priced.has(project.id),
    isAsked: asked.has(project.id),
    isAnswered: answers.has(project.id),
  }));
}

/** The team's projects in some answers; an answer about one team may name it otherwise, or not at all. */
function projectsOf({ id }: Team, pages: readonly HourPage[]): readonly Project[] {
  const teams = teamsOf(pages);
  const alone = teams.length === 1 && teams[0]?.id === '' ? teams[0] : undefined;
  return (teams.find((team) => team.id === id) ?? alone)?.projects ?? [];
}

function resourcesById(projects: readonly Project[]): Map<string, BilledResource[]> {
  const found = projects.filter(({ resources }) => resources.length > 0);
  return new Map(found.map(({ id, resources }) => [id, resources]));
}
