import type { Usd } from '../../core/values/money.ts';
import type { Ask } from './request.ts';

/** How to ask a provider what a single run cost: too many to be samples, but somebody may want to know of one. */
export interface Tasks {
  /** What {@link Tasks.isId} accepts, for a message: `1 to 128 letters`. */
  readonly idForm: string;
  /** Whether the text can be an id: anything else is never sent. */
  isId(text: string): boolean;
  /**
   * Asks for the cost of a task whose id passed `isId`.
   *
   * @throws {PollError} with status 404 where there is no such task, or none that has a cost.
   */
  cost(ask: Ask, id: string): Promise<TaskCost>;
}

/** What an answer says that one task cost. */
export interface TaskCost {
  /** What is understood, under the names the answer has for it. */
  readonly amounts: readonly TaskAmount[];
  /** Everything else, by where it stands. */
  readonly others: readonly { readonly path: string; readonly text: string }[];
}

export type TaskAmount = { readonly name: string } & ({ readonly usd: Usd } | { readonly error: string });
