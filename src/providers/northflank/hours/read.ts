import type { Charge, Drift, Reconciliation, ResourceFacts } from '../../../core/statement/statement.ts';
import { HOUR, type Range, SECOND } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import { PollError } from '../../api/errors.ts';
import type { RangeReading } from '../../api/provider.ts';
import { factsOf, reading, sum } from '../../api/readings.ts';
import { type NorthflankConfig, scopeOf } from '../account/config.ts';
import { KNOWN_TYPES } from './drilldown.ts';
import { type MoneyPrice, omittedTiersOf, ownTotalOf, type Tier, tiersOf, type UsageHour } from './schema.ts';
import { type HourPage, type TeamView, viewsOf } from './tree.ts';

type Price = Pick<MoneyPrice, 'total' | 'components'>;

/** A resource, its label and where it belongs. */
type ResourcePlace = ReturnType<typeof placesOf>[number];

/**
 * Reads the walk through one hour.
 *
 * The charges of a tier always add up to the price that the unfiltered hour gives for it: what no resource accounts for, on
 * either side of zero, is a charge of its own with resource `""`. An hour that is known to be empty has no pages.
 * @throws {PollError} `contract` when an answer is about another hour.
 */
export function readHour(pages: readonly HourPage[], range: Range, config: NorthflankConfig): RangeReading {
  const [first] = pages;
  const hour = first?.hour;
  const isTeamForm = config.teamId !== undefined;
  const places = placesOf(viewsOf(pages, isTeamForm), !isTeamForm);
  const tiers = tiersOf(config);
  const charges = hour ? chargesOf(hour, places, tiers, range.start) : [];
  const omittedTiers = hour ? omittedTiersOf(hour, tiers) : first ? tiers : [];
  return reading({
    statement: { granularity: 'hour', range, charges, omittedTiers },
    resources: resourcesOf(places),
    reconciliation: hour && reconciliationOf(hour, tiers, charges),
    drift: driftOf(pages, range),
    state: hour && scopeOf(config),
  });
}

/** Every resource of the teams: `project/id`, below the team's id where `isTeamNamed` and the answer has one. */
function placesOf(views: readonly TeamView[], isTeamNamed: boolean) {
  return views.flatMap(({ team, projects }) =>
    projects.flatMap((project) =>
      project.resources.map((resource) => {
        const path = [project.id, resource.id];
        const label = (isTeamNamed && team.id !== '' ? [team.id, ...path] : path).join('/');
        return { label, team, project, resource };
      }),
    ),
  );
}

/** One entry per label: two resources of different types may share an id. */
function resourcesOf(places: readonly ResourcePlace[]): ResourceFacts[] {
  return [...Map.groupBy(places, ({ label }) => label)].map(([label, same]) =>
    factsOf({
      resource: label,
      name: joined(same.map(({ resource }) => resource.name)),
      kind: joined(same.map(({ resource }) => resource.resourceType)),
      project: joined(same.map(({ project }) => project.name ?? project.id)),
      team: joined(same.map(({ team }) => team.name ?? team.id)),
    }),
  );
}

/** The distinct values, joined by commas. */
function joined(values: readonly (string | null | undefined)[]): string {
  return [...new Set(values.filter((value) => value))].join(',');
}

function chargesOf(
  { currency, prices }: UsageHour,
  places: readonly ResourcePlace[],
  tiers: readonly Tier[],
  at: number,
): Charge[] {
  const priced = (tier: Tier, resource: string, { total, components }: Price): Charge[] => {
    const base = { at, resource, model: '', tier, ...(currency !== 'USD' && { currency }) };
    const parts = [...components].map(
      ([detail, value]): Charge => ({ ...base, measure: 'component_cost', detail, value }),
    );
    return [{ ...base, measure: 'cost', detail: currency, value: total }, ...parts];
  };
  const resources = places.map(({ resource }) => resource.price);
  const residual = priced('paas', '', residualOf(prices.paas, resources));
  return [
    ...places.flatMap(({ label, resource }) => priced('paas', label, resource.price)),
    ...residual.filter(({ value }) => value !== 0n),
    ...tiers.flatMap((tier) => (tier !== 'paas' && prices[tier] ? priced(tier, '', prices[tier]) : [])),
  ];
}

/**
 * What no resource accounts for, in all and by component, so that the components add up wherever the cost does. Of a component that
 * the hour does not tell, nothing is left over.
 */
function residualOf(whole: MoneyPrice | undefined, resources: readonly MoneyPrice[]): Price {
  const known = [...(whole?.components ?? [])].map(([name, value]) => {
    const parts = resources.map(({ components }) => components.get(name) ?? 0n);
    return [name, value - sum(parts)] as const;
  });
  const total = (whole?.total ?? 0n) - sum(resources.map((price) => price.total));
  return { total, components: new Map(known) };
}

/** In dollars only: a difference in another currency has no dollar value here. */
function reconciliationOf(
  hour: UsageHour,
  tiers: readonly Tier[],
  charges: readonly Charge[],
): Reconciliation | undefined {
  if (hour.currency !== 'USD') return undefined;
  const read = sum(charges.filter(({ measure }) => measure === 'cost').map(({ value }) => value));
  const own = ownTotalOf(hour, tiers);
  if (own !== undefined) return { difference: own - read, against: 'total of the unfiltered hour' };
  const priced = tiers.filter((tier) => hour.prices[tier]);
  if (priced.length === 0) return undefined;
  const total = sum(priced.map((tier) => hour.prices[tier]?.total ?? 0n));
  return { difference: total - read, against: `${priced.join(' + ')} of the unfiltered hour` };
}

/**
 * What the answers hold that is not as documented, each once.
 *
 * @throws {PollError} `contract` when an answer is about another hour than the one asked for.
 */
function driftOf(pages: readonly HourPage[], { start }: Range): Drift[] {
  const drift = new DriftLog();
  for (const { call, hour } of pages) {
    if (!hour) addRefusal(drift, call);
    const projects = (hour?.teams ?? []).flatMap((team) => team.projects);
    for (const { resourceType } of projects.flatMap(({ resources }) => resources))
      if (resourceType !== '' && !KNOWN_TYPES.has(resourceType))
        drift.add('unknown_value', `resourceType=${resourceType}`);
    if (hour?.timestamp === undefined) continue;
    if (Math.abs(hour.timestamp * SECOND - start) >= HOUR)
      throw new PollError('contract', 'the answer is about another hour than the one asked for');
    addShift(drift, hour.timestamp);
  }
  return drift.list();
}

/** A timestamp in Unix seconds that is not the first of its hour. */
export function addShift(drift: DriftLog, timestamp: number): void {
  if ((timestamp * SECOND) % HOUR !== 0) drift.add('unknown_value', 'timestamp off the start of the hour');
}

function addRefusal(drift: DriftLog, { teamId, projectId, resourceType, paging }: HourPage['call']): void {
  if (resourceType !== undefined) drift.add('refused_filter', `resourceType=${resourceType}`);
  else if (projectId !== undefined) drift.add('refused_filter', 'projectId');
  else if (teamId !== undefined) drift.add('refused_filter', 'teamId');
  else if (paging) drift.add('refused_filter', paging.parameter);
  else drift.add('missing_hour', '404');
}
