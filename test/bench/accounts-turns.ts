import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';

/** Preloaded into the program: says at its end how long the longest turn of its event loop was since a message of its parent. */
const RESOLUTION_MS = 5;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
process.on('message', () => delay.reset());
process.channel?.unref();
process.on('SIGTERM', () => delay.disable());
process.on('exit', () => console.error(`longest turn ${Math.round(delay.max / 1e6) - RESOLUTION_MS} ms`));
