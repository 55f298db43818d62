import type { Drift, DriftKind, Note, Observation, Reading } from '../core/statement/statement.ts';
import { cleanLabel, isLong } from '../core/values/label.ts';
import type { Ask } from '../providers/api/request.ts';

/** How many drifts of each kind, and currencies, a poll reports by name; it counts the rest. */
const MAX_REPORTED = 10;
const MAX_NOTES = 100;
const MAX_TEXT_CHARACTERS = 200;

/** Receives what an answer says beyond its amounts. */
export interface SummaryListener {
  drift(drift: Drift): void;
  unconverted(currency: string): void;
}

/** Limits what the answers to one poll report; its `end` reports how many others there were. */
export function createPollSummary(listener: SummaryListener) {
  const drifts = new Map<DriftKind, Tally>();
  const currencies = newTally();
  return {
    drift({ kind, what, more }: Drift): void {
      const tally = drifts.get(kind) ?? newTally();
      drifts.set(kind, tally);
      const text = shortText(what);
      if (more !== undefined) tally.more += more;
      else if (shouldReport(tally, text)) listener.drift({ kind, what: text });
      else tally.more += 1;
    },
    unconverted(currency: string): void {
      const text = shortText(currency);
      if (shouldReport(currencies, text)) listener.unconverted(text);
      else currencies.more += 1;
    },
    end(): void {
      for (const [kind, { more }] of drifts) {
        if (more > 0) listener.drift({ kind, what: `and ${more} more`, more });
      }
      if (currencies.more > 0) listener.unconverted(`and ${currencies.more} more`);
    },
  };
}

interface Tally {
  readonly reported: Set<string>;
  more: number;
}

function newTally(): Tally {
  return { reported: new Set(), more: 0 };
}

function shouldReport({ reported }: Tally, text: string): boolean {
  if (reported.size < MAX_REPORTED) reported.add(text);
  return reported.has(text);
}

/** The first notes, shortened. */
export function shortNotes(notes: Iterable<Note>): Note[] {
  return [...notes].slice(0, MAX_NOTES).map(({ topic, text, isWarning }) => {
    return { topic: shortText(topic), text: shortText(text), isWarning };
  });
}

/** The observation with labels that can be stored and exposed. */
export function cleanObservation(observation: Observation): Observation {
  const labels = Object.entries(observation.labels).map(([name, text]) => [name, cleanLabel(text)]);
  return { ...observation, labels: Object.fromEntries(labels) };
}

/** One drift per label name with a value that is truncated. */
export function longLabels({ statement, observations }: Reading): Drift[] {
  const found = new Map<string, number>();
  const check = (name: string, label: string) => {
    if (isLong(label)) found.set(name, Math.max(found.get(name) ?? 0, label.length));
  };
  for (const { resource, model, tier, detail } of statement?.charges ?? []) {
    check('resource', resource);
    check('model', model);
    check('tier', tier);
    check('detail', detail);
  }
  for (const { labels } of observations) {
    for (const [name, label] of Object.entries(labels)) check(name, label);
  }
  return [...found].map(([name, length]) => ({
    kind: 'long_label',
    what: `a ${name} of ${length} characters`,
  }));
}

/** Collects the drift of all answers, each once, however many pages have it. */
export function watchDrift(ask: Ask): { readonly ask: Ask; drift(): readonly Drift[] } {
  const found = new Map<string, Drift>();
  return {
    async ask(request) {
      const answer = await ask(request);
      for (const drift of answer.drift ?? []) found.set(`${drift.kind} ${drift.what}`, drift);
      return answer;
    },
    drift: () => [...found.values()],
  };
}

function shortText(text: string): string {
  return text.length > MAX_TEXT_CHARACTERS
    ? `${text.slice(0, MAX_TEXT_CHARACTERS - 1)}…`.toWellFormed()
    : text;
}
