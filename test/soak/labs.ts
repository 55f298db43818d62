import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import type { FakeClock } from '../simulators/kit/world.ts';
import { type Heard, type LabSetup, Said, type Word } from './words.ts';

const PROGRAM = join(import.meta.dirname, 'lab.ts');

/** An exporter in a process of its own. */
export interface Lab {
  ask(word: Exclude<Word, 'moved' | 'end'>): Promise<Heard>;
  /** `kill -9`, whatever it is doing. */
  kill(): Promise<void>;
  end(): Promise<void>;
}

/** Starts one in a time zone, on the dial's clock, and waits until it serves. */
export async function startLab(dial: FakeClock, zone: string, setup: Omit<LabSetup, 'now'>): Promise<Lab> {
  const started: LabSetup = { ...setup, now: dial.now() };
  const child = fork(PROGRAM, [JSON.stringify(started)], {
    env: { ...process.env, TZ: zone },
    execArgv: ['--expose-gc'],
  });
  const gone = once(child, 'exit');
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  let hear: ((heard: Heard) => void) | undefined;
  let fail: ((error: Error) => void) | undefined;
  const heard = () =>
    new Promise<Heard>((resolve, reject) => {
      hear = resolve;
      fail = reject;
    });
  const tell = (word: Word) => void child.send({ word, now: dial.now() });
  child.on('message', (message) => {
    const said = Said.parse(message);
    if (said.kind === 'heard') return hear?.(said.heard);
    dial.advance(said.ms);
    tell('moved');
  });
  void gone.then(([code, signal]) => {
    process.off('exit', kill);
    fail?.(new Error(`the exporter ended with ${code ?? signal}`));
  });
  const ask = (word: Word) => {
    const answer = heard();
    tell(word);
    return answer;
  };
  await heard();
  return {
    ask,
    async kill() {
      kill();
      await gone;
    },
    async end() {
      await ask('end');
      child.disconnect();
      await gone;
    },
  };
}
