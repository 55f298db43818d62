import type { Charge, ResourceFacts } from '../../core/statement/statement.ts';

/** The projects of some charges. What was used outside of any has no resource. */
export function projectsOf(charges: readonly Charge[]): ResourceFacts[] {
  const ids = new Set(charges.map(({ resource }) => resource).filter((id) => id !== ''));
  return [...ids].map((resource) => ({ resource, kind: 'project' }));
}
