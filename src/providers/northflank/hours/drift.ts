import type { Drift } from '../../../core/statement/statement.ts';
import { HOUR, type Range, SECOND } from '../../../core/values/time.ts';
import { PollError } from '../../api/errors.ts';
import { KNOWN_TYPES } from './drilldown.ts';
import { type HourPage, rowsOf } from './tree.ts';

/** What the answers hold that is not as documented, each once. */
export function driftOf(pages: readonly HourPage[], range: Range): Drift[] {
  const all = pages.flatMap((page) => [
    ...refusalsOf(page),
    ...fieldsOf(page),
    ...typesOf(page),
    ...shiftOf(page, range),
  ]);
  return [...new Map(all.map((drift) => [`${drift.kind} ${drift.what}`, drift])).values()];
}

function refusalsOf({ call, hour }: HourPage): Drift[] {
  if (hour) return [];
  if (call.types !== undefined) return [{ kind: 'refused_filter', what: `resourceType=${call.types}` }];
  if (call.project !== undefined) return [{ kind: 'refused_filter', what: 'projectId' }];
  if (call.team !== undefined) return [{ kind: 'refused_filter', what: 'teamId' }];
  return [
    call.paging
      ? { kind: 'refused_filter', what: call.paging.parameter }
      : { kind: 'missing_hour', what: '404' },
  ];
}

function fieldsOf({ hour }: HourPage): Drift[] {
  return (hour?.unknownFields ?? []).map((field) => ({ kind: 'unknown_field', what: `data.${field}` }));
}

function typesOf({ hour }: HourPage): Drift[] {
  const projects = (hour?.paas?.teams ?? []).flatMap((team) => team.projects);
  const types = projects.flatMap(rowsOf).map(({ resourceType }) => resourceType);
  return types
    .filter((type) => type !== '' && !KNOWN_TYPES.has(type))
    .map((type) => ({ kind: 'unknown_value', what: `resourceType=${type}` }));
}

/** @throws {PollError} `contract` when the answer is about another hour than the one asked for. */
function shiftOf({ hour }: HourPage, { start }: Range): Drift[] {
  if (hour?.timestamp === undefined) return [];
  const shift = Math.abs(hour.timestamp * SECOND - start);
  if (shift === 0) return [];
  if (shift < HOUR) return [{ kind: 'unknown_value', what: 'timestamp off the start of the hour' }];
  throw new PollError('contract', 'the answer is about another hour than the one asked for');
}
