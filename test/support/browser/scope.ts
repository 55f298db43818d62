import type { Scope } from '../exporter/process.ts';

/** Runs the cleanup of what the body has started, the last first, whatever happens. For programs, where no test ends. */
export async function inScope<Result>(body: (scope: Scope) => Promise<Result>): Promise<Result> {
  const ends: (() => unknown)[] = [];
  try {
    return await body({ after: (end) => ends.push(end) });
  } finally {
    for (const end of ends.reverse()) await end();
  }
}
