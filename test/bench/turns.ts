/** Measures how long each turn of the event loop lasts. It keeps the loop turning all the time. */
export interface Turns {
  /** The longest turn since the last call, in milliseconds. */
  longest(): number;
  stop(): void;
}

export function watchTurns(): Turns {
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
