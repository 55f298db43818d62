import { parentPort, workerData } from 'node:worker_threads';
import { HOSTILE_ANSWERS, startHostile } from './hostile-provider.ts';

/** A hostile provider in a thread of its own: what it takes to do harm is not time of whoever measures that. */
const ending = { after() {} };
const answerOf = HOSTILE_ANSWERS[String(workerData)] ?? (() => (_, response) => void response.end('{}'));
parentPort?.postMessage(await startHostile(ending, answerOf()));
