import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { Output } from './output.ts';

export interface ProgressView {
  /** A long read has come so far; `done === total` ends it. */
  update(name: string, done: number, total: number): void;
  stop(): void;
}

/** A bar for each long read on a terminal; elsewhere a line at every tenth. */
export function createProgress(
  output: Output,
  line: (name: string, done: number, total: number) => void,
): ProgressView {
  return output === process.stderr && process.stderr.isTTY ? bars() : lines(line);
}

function bars(): ProgressView {
  const options = {
    format: '{name} {bar} {value}/{total} {eta_formatted} left',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  };
  const all = new MultiBar(options, Presets.shades_grey);
  const open = new Map<string, SingleBar>();
  return {
    update(name, done, total) {
      const bar = open.get(name) ?? all.create(total, 0, { name });
      open.set(name, bar);
      bar.update(done, { name });
      if (done < total) return;
      all.remove(bar);
      open.delete(name);
    },
    stop: () => all.stop(),
  };
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
    stop() {},
  };
}
