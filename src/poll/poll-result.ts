import { identityOf, newestOf } from '../core/statement/observations.ts';
import type { Note, Observation, Reading, Reconciliation } from '../core/statement/statement.ts';
import { transact } from './apply-statement.ts';
import { cleanObservation, shortNotes } from './poll-summary.ts';
import type { PollTarget, PollWatcher } from './poll-target.ts';

/** How many values beyond the bill, such as prices or balances, a feed keeps. Each is at least one series, and a row in memory. */
const MAX_OBSERVATIONS = 10_000;

/** What the ranges of one poll say together, beyond their statements. */
export class PollResult {
  readonly #observations: Observation[] = [];
  readonly #reconciliations: Reconciliation[] = [];
  readonly #notes = new Map<string, Note>();
  /** Tiers whose absence is not confirmed yet. */
  readonly #unconfirmedTiers = new Set<string>();
  #state: string | undefined;
  #isEmpty = true;

  constructor(state: string | undefined) {
    this.#state = state;
  }

  /** What the feed remembers after the ranges so far. */
  get state(): string | undefined {
    return this.#state;
  }

  add(reading: Reading & { readonly state?: string }, unconfirmedTiers: Iterable<string>): void {
    this.#isEmpty = false;
    this.#state = reading.state ?? this.#state;
    for (const observation of reading.observations) this.#observations.push(cleanObservation(observation));
    if (reading.reconciliation) this.#reconciliations.push(reading.reconciliation);
    for (const note of shortNotes(reading.notes ?? [])) this.#notes.set(note.topic, note);
    for (const tier of unconfirmedTiers) this.#unconfirmedTiers.add(tier);
  }

  /** Records the result in the ledger, and reports warnings that are new. */
  async record(target: PollTarget, watcher: PollWatcher, isComplete: boolean): Promise<void> {
    const { key, ledger, now } = target;
    const before = ledger.book.feed(key.account, key.feed);
    const observations = this.#mergeObservations(before?.observations ?? [], isComplete);
    if (observations.length > MAX_OBSERVATIONS) {
      const what = `${observations.length} values, ${MAX_OBSERVATIONS} are kept`;
      watcher.drift({ kind: 'too_many_values', what });
    }
    const poll = {
      at: isComplete ? now() : undefined,
      observations: this.#isEmpty ? undefined : observations.slice(0, MAX_OBSERVATIONS),
      reconciliation: sumReconciliations(this.#reconciliations),
      state: this.#state,
      notes: this.#isEmpty ? undefined : [...this.#notes.values()],
    };
    await transact(target, () => ledger.recordPoll(key, poll));
    const isKnown = ({ topic, text }: Note) =>
      before?.notes.some((note) => note.topic === topic && note.text === text) ?? false;
    for (const note of this.#notes.values()) if (note.isWarning && !isKnown(note)) watcher.warned(note);
  }

  /** Keeps old values that this poll did not report if it is incomplete, or if the absence of their tier is unconfirmed. */
  #mergeObservations(before: readonly Observation[], isComplete: boolean): Observation[] {
    const newest = newestOf(this.#observations);
    const reported = new Set(newest.map(identityOf));
    const kept = before.filter((observation) => {
      const { tier } = observation.labels;
      const isUnconfirmed = tier !== undefined && this.#unconfirmedTiers.has(tier);
      return !reported.has(identityOf(observation)) && (!isComplete || isUnconfirmed);
    });
    return [...newest, ...kept];
  }
}

function sumReconciliations(all: readonly Reconciliation[]): Reconciliation | undefined {
  const last = all.at(-1);
  return (
    last && { difference: all.reduce((sum, { difference }) => sum + difference, 0n), against: last.against }
  );
}
