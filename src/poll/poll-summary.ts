import {
  type Drift,
  type DriftKind,
  MAX_NAMED_DRIFTS,
  type Note,
  type Observation,
  type Reading,
} from '../core/statement/statement.ts';
import { cleanLabel, isLong } from '../core/values/label.ts';
import type { Ask } from '../providers/api/request.ts';

const MAX_NOTES = 100;
const MAX_TEXT_CHARACTERS = 200;

/** Who hears what an answer says besides its amounts. */
export interface Listener {
  drift(drift: Drift): void;
  unconverted(currency: string): void;
}

/** Passes on a bounded part of what the answers to one poll say, however much that is. */
export interface PollSummary {
  drift(drift: Drift): void;
  unconverted(currency: string): void;
  /** Says how many others there were. */
  end(): void;
}

export function createPollSummary(listener: Listener): PollSummary {
  const drifts = new Map<DriftKind, DriftTally>();
  const currencies = newTally();
  return {
    drift({ kind, what, more }) {
      const tally = drifts.get(kind) ?? newTally();
      drifts.set(kind, tally);
      const text = shortText(what);
      if (more !== undefined) tally.more += more;
      else if (isTold(tally, text)) listener.drift({ kind, what: text });
      else tally.more += 1;
    },
    unconverted(currency) {
      const text = shortText(currency);
      if (isTold(currencies, text)) listener.unconverted(text);
      else currencies.more += 1;
    },
    end() {
      for (const [kind, { more }] of drifts) {
        if (more > 0) listener.drift({ kind, what: `and ${more} more`, more });
      }
      if (currencies.more > 0) listener.unconverted(`and ${currencies.more} more`);
    },
  };
}

interface DriftTally {
  readonly told: Set<string>;
  more: number;
}

function newTally(): DriftTally {
  return { told: new Set(), more: 0 };
}

function isTold({ told }: DriftTally, text: string): boolean {
  if (told.size < MAX_NAMED_DRIFTS) told.add(text);
  return told.has(text);
}

/** The first notes, each of them short. */
export function shortNotes(notes: Iterable<Note>): Note[] {
  return [...notes].slice(0, MAX_NOTES).map(({ topic, text, isWarning }) => {
    return { topic: shortText(topic), text: shortText(text), isWarning };
  });
}

/** An observation with labels that can be stored and shown. */
export function cleanObservation(observation: Observation): Observation {
  const labels = Object.entries(observation.labels).map(([name, text]) => [name, cleanLabel(text)]);
  return { ...observation, labels: Object.fromEntries(labels) };
}

/** One drift per kind of label that is shown cut. */
export function longLabels({ statement, observations }: Reading): Drift[] {
  const found = new Map<string, number>();
  const look = (name: string, label: string) => {
    if (isLong(label)) found.set(name, Math.max(found.get(name) ?? 0, label.length));
  };
  for (const { resource, model, tier, detail } of statement?.charges ?? []) {
    look('resource', resource);
    look('model', model);
    look('tier', tier);
    look('detail', detail);
  }
  for (const { labels } of observations) {
    for (const [name, label] of Object.entries(labels)) look(name, label);
  }
  return [...found].map(([name, length]) => ({
    kind: 'long_label',
    what: `a ${name} of ${length} characters`,
  }));
}

/** Gathers what the answers hold that is not as documented, each oddity once, however many pages show it. */
export function watchDrift(send: Ask): { readonly ask: Ask; drift(): readonly Drift[] } {
  const found = new Map<string, Drift>();
  return {
    async ask(request) {
      const answer = await send(request);
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
