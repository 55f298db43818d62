import type { Logger } from './log.ts';
import type { Output } from './stdout.ts';

export interface ProgressView {
  /** Shows how far a long read has come; `done === total` ends it. */
  update(name: string, done: number, total: number): void;
  /** Ends a read, however far it came. */
  end(name: string): void;
  /** Removes all bars and shows nothing from then on. */
  stop(): void;
}

/** A bar per long read on a terminal; otherwise a log line per tenth. */
export function createProgress({ footer }: Output, log: Logger): ProgressView {
  return footer ? bars(footer) : logLines(log);
}

interface ProgressReading {
  readonly done: number;
  readonly total: number;
  readonly startedAt: number;
}

const REDRAW_MS = 100;

function bars(show: NonNullable<Output['footer']>): ProgressView {
  const open = new Map<string, ProgressReading>();
  let drawnAt = Number.NEGATIVE_INFINITY;
  let isStopped = false;
  const draw = () => {
    if (isStopped) return;
    drawnAt = performance.now();
    show([...open].map(([name, reading]) => barOf(name, reading, drawnAt)));
  };
  const end = (name: string) => {
    if (open.delete(name)) draw();
  };
  return {
    update(name, done, total) {
      if (done >= total) return end(name);
      const now = performance.now();
      open.set(name, { done, total, startedAt: open.get(name)?.startedAt ?? now });
      if (now - drawnAt >= REDRAW_MS) draw();
    },
    end,
    stop() {
      isStopped = true;
      show([]);
    },
  };
}

const BAR_WIDTH = 20;

function barOf(name: string, { done, total, startedAt }: ProgressReading, now: number): string {
  const filled = Math.round((done / total) * BAR_WIDTH);
  const left = done === 0 ? '' : `, ${Math.ceil(((now - startedAt) / 1000 / done) * (total - done))} s left`;
  return `${name} ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${done}/${total}${left}`;
}

function logLines(log: Logger): ProgressView {
  const tenths = new Map<string, number>();
  return {
    update(name, done, total) {
      const tenth = Math.floor((done * 10) / total);
      if (tenths.get(name) === tenth && done < total) return;
      tenths.set(name, tenth);
      log.info({ what: name, done, total }, 'progress');
      if (done === total) tenths.delete(name);
    },
    end: (name) => void tenths.delete(name),
    stop() {},
  };
}
