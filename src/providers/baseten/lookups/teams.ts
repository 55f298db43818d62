import { DriftLog } from '../../api/drift-log.ts';
import type { RangeReading } from '../../api/provider.ts';
import { reading } from '../../api/readings.ts';
import type { Models, Teams } from './schema.ts';
import { LOOKUP_STATES } from './states.ts';

/** What is remembered is written with every poll. */
const MAX_IDS = 5000;

type Name = string | null | undefined;
type Owned = readonly [thing: string, team: string];

/** Reads which team owns which model; what several teams own, by name or by id, tells nothing. */
export function readModels({ models }: Models): RangeReading {
  const drift = new DriftLog();
  const owned = (title: string, thingsOf: (model: Models['models'][number]) => readonly Name[]) => {
    const pairs = models.flatMap((model) => thingsOf(model).flatMap((it) => owner(it, model.team_name)));
    return drift.limit(MAX_IDS, title, unambiguous(pairs));
  };
  const ids = owned('models by id', (model) => [
    model.id,
    model.production_deployment_id,
    model.development_deployment_id,
  ]);
  const names = owned('models by name', ({ name }) => [name]);
  const teams = [...new Set([...ids, ...names].map(([, team]) => team))];
  const indexed = (all: readonly Owned[]) =>
    Object.fromEntries(all.map(([thing, team]) => [thing, teams.indexOf(team)]));
  const state = LOOKUP_STATES.models.write({ teams, ids: indexed(ids), names: indexed(names) });
  return reading({ drift: drift.list(), state });
}

/** Reads the names of the teams. */
export function readTeams({ teams }: Teams): RangeReading {
  const drift = new DriftLog();
  const names = drift.limit(MAX_IDS, 'teams', unambiguous(teams.flatMap(({ id, name }) => owner(id, name))));
  return reading({ drift: drift.list(), state: LOOKUP_STATES.teams.write(Object.fromEntries(names)) });
}

function owner(thing: Name, team: Name): Owned[] {
  return thing ? [[thing, team ?? '']] : [];
}

function unambiguous(owned: readonly Owned[]): Owned[] {
  const owners = Map.groupBy(owned, ([thing]) => thing);
  return [...owners].flatMap(([thing, all]): Owned[] => {
    const [team = '', ...others] = new Set(all.map(([, each]) => each));
    return team !== '' && others.length === 0 ? [[thing, team]] : [];
  });
}
