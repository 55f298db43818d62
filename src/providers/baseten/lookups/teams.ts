import { DriftLog } from '../../api/drift-log.ts';
import type { RangeReading } from '../../api/provider.ts';
import { reading } from '../../api/readings.ts';
import { LOOKUP_STATES, type Models, type Teams } from './schema.ts';

/** What is remembered is written with every poll. */
const MAX_IDS = 5000;

type Owned = readonly [thing: string | null | undefined, team: string | null | undefined];

/** Reads which team owns which model; what several teams own, by name or by id, tells nothing. */
export function readModels({ models }: Models): RangeReading {
  const drift = new DriftLog();
  const byId = models.flatMap((model): Owned[] =>
    [model.id, model.production_deployment_id, model.development_deployment_id].map((id) => [
      id,
      model.team_name,
    ]),
  );
  const byName = models.map(({ name, team_name }): Owned => [name, team_name]);
  const ids = drift.limit(MAX_IDS, 'models by id', unambiguous(byId));
  const names = drift.limit(MAX_IDS, 'models by name', unambiguous(byName));
  const teams = [...new Set([...ids, ...names].map(([, team]) => team))];
  const indexed = (all: readonly (readonly [string, string])[]) =>
    Object.fromEntries(all.map(([thing, team]) => [thing, teams.indexOf(team)]));
  const state = LOOKUP_STATES.models.write({ teams, ids: indexed(ids), names: indexed(names) });
  return reading({ drift: drift.list(), state });
}

/** Reads the names of the teams. */
export function readTeams({ teams }: Teams): RangeReading {
  const drift = new DriftLog();
  const names = unambiguous(teams.map(({ id, name }) => [id, name]));
  const state = LOOKUP_STATES.teams.write(Object.fromEntries(drift.limit(MAX_IDS, 'teams', names)));
  return reading({ drift: drift.list(), state });
}

/** Of things that are named, those that are always the same team's. */
function unambiguous(owned: readonly Owned[]): [thing: string, team: string][] {
  const owners = Map.groupBy(owned, ([thing]) => thing);
  return [...owners].flatMap(([thing, all]): [string, string][] => {
    const [team, ...others] = new Set(all.map(([, each]) => each ?? ''));
    return thing && team && others.length === 0 ? [[thing, team]] : [];
  });
}
