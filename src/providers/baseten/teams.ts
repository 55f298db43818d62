import type { Reading } from '../../core/statement/statement.ts';
import { unknownFieldsOf } from '../api/unknown-fields.ts';
import { type Memo, within } from './memo.ts';
import { Models, Teams } from './schema.ts';

/** What is remembered is written anew with every poll. */
const MOST_IDS = 5000;

type NamedTeam = Reading & { readonly state: string };
type Owned = readonly [thing: string, team: string];

/** Reads which team owns which model; what several teams own, by name or by id, tells nothing. */
export function readModels(body: Models): NamedTeam {
  const owned = (thingsOf: (model: Models['models'][number]) => readonly (string | null | undefined)[]) =>
    unambiguous(body.models.flatMap((model) => thingsOf(model).flatMap((it) => owner(it, model.team_name))));
  const ids = within(
    MOST_IDS,
    'models by id',
    owned((model) => [model.id, model.production_deployment_id, model.development_deployment_id]),
  );
  const names = within(
    MOST_IDS,
    'models by name',
    owned(({ name }) => [name]),
  );
  const teams = [...new Set([...ids.kept, ...names.kept].map(([, team]) => team))];
  const indexed = (all: readonly Owned[]) =>
    Object.fromEntries(all.map(([thing, team]) => [thing, teams.indexOf(team)]));
  const state: Memo['models'] = { teams, ids: indexed(ids.kept), names: indexed(names.kept) };
  return named(state, [...ids.drift, ...names.drift, ...unknownFieldsOf(Models, body)]);
}

/** Reads the names of the teams. */
export function readTeams(body: Teams): NamedTeam {
  const names = within(MOST_IDS, 'teams', unambiguous(body.teams.flatMap(({ id, name }) => owner(id, name))));
  const state: Memo['teams'] = Object.fromEntries(names.kept);
  return named(state, [...names.drift, ...unknownFieldsOf(Teams, body)]);
}

function named(state: Memo[keyof Memo], drift: Reading['drift']): NamedTeam {
  return { resources: [], observations: [], drift, state: JSON.stringify(state) };
}

function owner(thing: string | null | undefined, team: string | null | undefined): Owned[] {
  return thing ? [[thing, team ?? '']] : [];
}

function unambiguous(owned: readonly Owned[]): Owned[] {
  const owners = Map.groupBy(owned, ([thing]) => thing);
  return [...owners].flatMap(([thing, all]): Owned[] => {
    const [team = '', ...others] = new Set(all.map(([, each]) => each));
    return team !== '' && others.length === 0 ? [[thing, team]] : [];
  });
}
