import type { ResourceFacts } from '../../../core/statement/statement.ts';
import { factsOf } from '../../api/readings.ts';
import type { Project, Team } from './schema.ts';
import type { TeamView } from './team.ts';
import type { BilledRow } from './tree.ts';

/** A resource and where it belongs. */
export interface ResourcePlace extends BilledRow {
  /** The `resource` label. */
  readonly label: string;
  readonly team: Team;
  readonly project: Project;
}

/** Every resource of the teams: `project/id`, below the team's id where `isTeamNamed` and the answer has one. */
export function placesOf(views: readonly TeamView[], isTeamNamed: boolean): ResourcePlace[] {
  return views.flatMap(({ team, projects }) =>
    projects.flatMap(({ project, rows }) =>
      rows.map((row) => {
        const path = [project.id, row.resource.id];
        const label = (isTeamNamed && team.id !== '' ? [team.id, ...path] : path).join('/');
        return { ...row, label, team, project };
      }),
    ),
  );
}

/** One entry per label: two resources of different types may share an id. */
export function resourcesOf(places: readonly ResourcePlace[]): ResourceFacts[] {
  return [...Map.groupBy(places, ({ label }) => label)].map(([resource, same]) =>
    factsOf({
      resource,
      name: joined(same.map((place) => place.resource.name)),
      kind: joined(same.map((place) => place.resourceType)),
      project: joined(same.map((place) => place.project.name ?? place.project.id)),
      team: joined(same.map((place) => place.team.name ?? place.team.id)),
    }),
  );
}

/** The distinct values, joined by commas. */
function joined(values: readonly (string | undefined)[]): string {
  return [...new Set(values.filter((value) => value !== undefined && value !== ''))].join(',');
}
