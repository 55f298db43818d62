import process from 'node:process';

/** Measures how long each turn of the event loop lasts. It keeps the loop busy all the time. */
export interface LoopWatch {
  /** The longest turn since the last call, in milliseconds. */
  longest(): number;
  stop(): void;
}

export function watchLoop(): LoopWatch {
  let last = performance.now();
  let longest = 0;
  let next: NodeJS.Immediate;
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    next = setImmediate(turn);
  };
  next = setImmediate(turn);
  return {
    longest() {
      const found = Math.max(longest, performance.now() - last);
      longest = 0;
      return found;
    },
    stop: () => clearImmediate(next),
  };
}

/** The same for the CPU time of the loop's thread, which excludes other programs of the machine. */
export function watchLoopCpu(): LoopWatch {
  let last = process.threadCpuUsage();
  let longest = 0;
  let next: NodeJS.Immediate;
  const sinceLast = () => {
    const { user, system } = process.threadCpuUsage(last);
    last = process.threadCpuUsage();
    longest = Math.max(longest, (user + system) / 1000);
  };
  const turn = () => {
    sinceLast();
    next = setImmediate(turn);
  };
  next = setImmediate(turn);
  return {
    longest() {
      sinceLast();
      const found = longest;
      longest = 0;
      return found;
    },
    stop: () => clearImmediate(next),
  };
}
