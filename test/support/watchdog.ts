/**
 * Ends a test file that hangs: `--test-timeout` cancels a test, but leaves a file running that a timer or a loop keeps alive.
 * Preloaded by every test command of package.json, in each test file's own process.
 */
import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** Several times what the longest file takes on a busy machine. */
const LIMIT_MS = Number(process.env.TEST_FILE_LIMIT_MS ?? 600_000);
/** For handlers of `exit`, which end the programs that a test has started. */
const GRACE_MS = 2000;

/** Kills a process whose event loop is blocked. */
const KILLER = `
  const { workerData } = require('node:worker_threads');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), workerData);
`;

if (process.env.NODE_TEST_CONTEXT !== undefined) {
  setTimeout(() => {
    writeSync(2, `${process.argv[1]} ran for more than ${LIMIT_MS / 1000} s: it hangs\n`);
    process.exit(1);
  }, LIMIT_MS).unref();
  new Worker(KILLER, { eval: true, workerData: LIMIT_MS + GRACE_MS, execArgv: [] }).unref();
}
