import process from 'node:process';
import { send, useProgramFlags } from './child.ts';

/** Runs the command once, with a configuration and a range, as the program does. */
const [config = '', from = '', to = '', output = ''] = process.argv.slice(2);
useProgramFlags();
const { backfill } = await import('../../src/commands/backfill.ts');
const { PROVIDERS } = await import('../../src/providers/index.ts');
const { Redactor } = await import('../../src/runtime/redactor.ts');

const written: string[] = [];
const write = (text: string) => written.push(text);
const { signal } = new AbortController();
const io = { stdout: { write }, stderr: { write }, env: {}, signal, redactor: new Redactor() };
const startedAt = performance.now();
const code = await backfill({ config, from, to, output }, io, PROVIDERS);
const ms = performance.now() - startedAt;
const { user, system } = process.cpuUsage();
send({ code, ms, cpuMs: (user + system) / 1000, peakMb: process.resourceUsage().maxRSS / 1024 });
if (code !== 0) process.stderr.write(written.join(''));
