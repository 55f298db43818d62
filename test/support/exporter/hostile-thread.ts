import { parentPort, workerData } from 'node:worker_threads';
import { HOSTILE_ANSWERS, startHostileProvider } from './hostile-provider.ts';

/** A hostile provider in its own thread, so that its work is not measured. */
const ending = { after() {} };
const answerOf = HOSTILE_ANSWERS[String(workerData)] ?? (() => (_, response) => void response.end('{}'));
parentPort?.postMessage(await startHostileProvider(ending, answerOf()));
