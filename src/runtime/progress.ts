import type { Output } from './output.ts';

export interface ProgressView {
  /** A long read has come so far; `done === total` ends it. */
  update(name: string, done: number, total: number): void;
  /** It has ended, however far it came. */
  end(name: string): void;
  /** Takes all bars away; from then on nothing is shown. */
  stop(): void;
}

/** A bar for each long read on a terminal; elsewhere a line at every tenth. */
export function createProgress(
  output: Output,
  line: (name: string, done: number, total: number) => void,
): ProgressView {
  return output.footer ? bars(output.footer) : lines(line);
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

function lines(line: (name: string, done: number, total: number) => void): ProgressView {
  const tenths = new Map<string, number>();
  return {
    update(name, done, total) {
      const tenth = Math.floor((done * 10) / total);
      if (tenths.get(name) === tenth && done < total) return;
      tenths.set(name, tenth);
      line(name, done, total);
      if (done === total) tenths.delete(name);
    },
    end: (name) => void tenths.delete(name),
    stop() {},
  };
}
