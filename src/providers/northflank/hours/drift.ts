import type { Drift } from '../../../core/statement/statement.ts';
import { HOUR, type Range, SECOND } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import { PollError } from '../../api/errors.ts';
import { KNOWN_TYPES } from './drilldown.ts';
import { type HourPage, rowsOf } from './tree.ts';

/**
 * What the answers hold that is not as documented, each once.
 *
 * @throws {PollError} `contract` when an answer is about another hour than the one asked for.
 */
export function driftOf(pages: readonly HourPage[], range: Range): Drift[] {
  const drift = new DriftLog();
  for (const page of pages) {
    addRefusal(drift, page);
    const projects = (page.hour?.paas?.teams ?? []).flatMap((team) => team.projects);
    for (const { resourceType } of projects.flatMap(rowsOf))
      if (resourceType !== '' && !KNOWN_TYPES.has(resourceType))
        drift.add('unknown_value', `resourceType=${resourceType}`);
    addShift(drift, page, range);
  }
  return drift.list();
}

function addRefusal(drift: DriftLog, { call, hour }: HourPage): void {
  if (hour) return;
  if (call.types !== undefined) drift.add('refused_filter', `resourceType=${call.types}`);
  else if (call.project !== undefined) drift.add('refused_filter', 'projectId');
  else if (call.team !== undefined) drift.add('refused_filter', 'teamId');
  else if (call.paging) drift.add('refused_filter', call.paging.parameter);
  else drift.add('missing_hour', '404');
}

function addShift(drift: DriftLog, { hour }: HourPage, { start }: Range): void {
  if (hour?.timestamp === undefined) return;
  const shift = Math.abs(hour.timestamp * SECOND - start);
  if (shift >= HOUR)
    throw new PollError('contract', 'the answer is about another hour than the one asked for');
  if (shift > 0) drift.add('unknown_value', 'timestamp off the start of the hour');
}
