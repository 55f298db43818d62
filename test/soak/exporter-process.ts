import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import type { FakeClock } from '../simulators/kit/world.ts';
import { type Command, Message, type ProcessSetup, type Reply } from './messages.ts';

const PROGRAM = join(import.meta.dirname, 'exporter-child.ts');

/** An exporter in its own process. */
export interface ExporterProcess {
  ask(command: Exclude<Command, 'moved' | 'end'>): Promise<Reply>;
  /** `kill -9`, at any time. */
  kill(): Promise<void>;
  end(): Promise<void>;
}

/** Starts one in a time zone, on the given clock, and waits until it serves. */
export async function startExporterProcess(
  clock: FakeClock,
  zone: string,
  setup: Omit<ProcessSetup, 'now'>,
): Promise<ExporterProcess> {
  const started: ProcessSetup = { ...setup, now: clock.now() };
  const child = fork(PROGRAM, [JSON.stringify(started)], {
    env: { ...process.env, TZ: zone },
    execArgv: ['--expose-gc'],
  });
  const gone = once(child, 'exit');
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  let resolveReply: ((reply: Reply) => void) | undefined;
  let rejectReply: ((error: Error) => void) | undefined;
  const reply = () =>
    new Promise<Reply>((resolve, reject) => {
      resolveReply = resolve;
      rejectReply = reject;
    });
  const tell = (command: Command) => void child.send({ command, now: clock.now() });
  child.on('message', (message) => {
    const received = Message.parse(message);
    if (received.kind === 'reply') return resolveReply?.(received.reply);
    clock.advance(received.ms);
    tell('moved');
  });
  void gone.then(([code, signal]) => {
    process.off('exit', kill);
    rejectReply?.(new Error(`the exporter ended with ${code ?? signal}`));
  });
  const ask = (command: Command) => {
    const answer = reply();
    tell(command);
    return answer;
  };
  await reply();
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
