import { existsSync } from 'node:fs';

/** Preloaded into the program: its clock is off by CLOCK_OFF_MS until the file CLOCK_RIGHT exists. Timers are left alone. */
const { CLOCK_OFF_MS = '0', CLOCK_RIGHT = '' } = process.env;
const Real = Date;
/** How often the file is checked for. */
const LOOK_EVERY_MS = 100;
let isRight = false;
let lookedAt = Number.NEGATIVE_INFINITY;

function now(): number {
  const at = performance.now();
  if (!isRight && at - lookedAt > LOOK_EVERY_MS) {
    lookedAt = at;
    isRight = existsSync(CLOCK_RIGHT);
  }
  return Real.now() + (isRight ? 0 : Number(CLOCK_OFF_MS));
}

class Shifted extends Real {
  constructor(...[given = now()]: [] | [number]) {
    super(given);
  }
  static override now = now;
}

globalThis.Date = Object.assign(Shifted);
