import type { Drift } from '../../../core/statement/statement.ts';
import { HOUR, type Range, SECOND } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import { PollError } from '../../api/errors.ts';
import { KNOWN_TYPES } from './drilldown.ts';
import type { HourPage } from './tree.ts';

/**
 * What the answers hold that is not as documented, each once.
 *
 * @throws {PollError} `contract` when an answer is about another hour than the one asked for.
 */
export function driftOf(pages: readonly HourPage[], { start }: Range): Drift[] {
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
