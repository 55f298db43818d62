import type { Fixed } from '../../../core/values/money.ts';
import type { MoneyPrice, Project, Team } from './schema.ts';
import { type BilledRow, type HourCall, type HourPage, isSameWalk, rowsOf, teamsOf } from './tree.ts';

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
  readonly filter: Pick<HourCall, 'team'>;
  /** Its projects with their full prices; undefined while only slices of them are known. */
  readonly listed: readonly Project[] | undefined;
  /** Whether its projects can be asked for, and were not yet. */
  readonly isListable: boolean;
  /** Projects that were asked for by themselves, whether or not that gave resources. */
  readonly asked: ReadonlySet<string>;
  /** Of these, the ones that did: more requests cannot add to them. */
  readonly answered: ReadonlySet<string>;
  readonly typesAsked: ReadonlySet<string>;
  /** Every project that any answer named, with the rows found so far. Never rows of differently filtered answers together. */
  readonly projects: readonly { readonly project: Project; readonly rows: readonly BilledRow[] }[];
}

/** The teams of the unfiltered hour. `isTeamForm`: the path names the team, so that no filter does. */
export function viewsOf(pages: readonly HourPage[], isTeamForm: boolean): TeamView[] {
  const teams = teamsOf(pages.filter(({ call }) => isSameWalk(call, {})));
  return teams.map((team) => {
    const isAlone = team.id === '' || (teams.length === 1 && team.projects.length > 0);
    return viewOf(pages, team, isTeamForm || isAlone ? {} : { team: team.id }, isTeamForm);
  });
}

function viewOf(
  pages: readonly HourPage[],
  team: Team,
  filter: Pick<HourCall, 'team'>,
  isTeamForm: boolean,
): TeamView {
  const lists = pages.filter(({ call }) => isSameWalk(call, { team: team.id }));
  const ofTeam = pages.filter(({ call }) => call.team === filter.team);
  const ofTypes = ofTeam.filter(({ call }) => call.types !== undefined);
  const ofProjects = ofTeam.filter(({ call }) => call.project !== undefined);

  const listed = [...team.projects, ...projectsOf(team, lists)];
  const byProject = rowsById(projectsOf(team, ofProjects));
  const byType = projectsOf(team, ofTypes);
  const rowsByType = rowsById(byType);
  const all = new Map([...byType, ...listed].map((project) => [project.id, project]));
  return {
    team,
    filter,
    listed: listed.length > 0 ? listed : undefined,
    isListable: team.id !== '' && !isTeamForm && lists.length === 0,
    asked: new Set(ofProjects.flatMap(({ call }) => call.project ?? [])),
    answered: new Set(byProject.keys()),
    typesAsked: new Set(ofTypes.flatMap(({ call }) => call.types ?? [])),
    projects: [...all.values()].map((project) => ({
      project,
      rows: byProject.get(project.id) ?? rowsByType.get(project.id) ?? [],
    })),
  };
}

/** The team's projects in some answers; an answer about one team may name it otherwise, or not at all. */
function projectsOf({ id }: Team, pages: readonly HourPage[]): readonly Project[] {
  const teams = teamsOf(pages);
  const alone = teams.length === 1 && teams[0]?.id === '' ? teams[0] : undefined;
  return (teams.find((team) => team.id === id) ?? alone)?.projects ?? [];
}

function rowsById(projects: readonly Project[]): Map<string, BilledRow[]> {
  const withRows = projects.map((project) => [project.id, rowsOf(project)] as const);
  return new Map(withRows.filter(([, rows]) => rows.length > 0));
}
