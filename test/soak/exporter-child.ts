/**
 * Run as a program: the real exporter in its own process, in the time zone `TZ`. It uses the parent's clock, and asks the parent to
 * advance it instead of waiting.
 */
import { readdirSync, statSync } from 'node:fs';
import process from 'node:process';
import { startExporter } from '../support/exporter/exporter.ts';
import { receiverAt } from '../support/otlp/pushing.ts';
import { Command, type Figures, type Message, ProcessSetup, type Reply } from './messages.ts';

const setup = ProcessSetup.parse(JSON.parse(process.argv[2] ?? ''));
const ends: (() => Promise<void>)[] = [];
const waiting: (() => void)[] = [];
let at = setup.now;

const clock = {
  now: () => at,
  advance: (ms: number) =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      say({ kind: 'wait', ms });
    }),
};
const receiver = receiverAt(setup.receiver, {
  temporality: 'delta',
  intervalMs: 2 ** 31 - 1,
  timeoutMs: 300,
  pushTimeoutMs: 500,
});
const scope = { after: (end: () => Promise<void>) => void ends.unshift(end) };
const exporter = await startExporter(scope, clock, setup.accounts, {
  ledger: setup.ledger,
  openTelemetry: { receivers: [receiver] },
  logged: () => {},
});

const COMMANDS: Readonly<Record<Exclude<Command, 'moved'>, () => Promise<Reply> | Reply>> = {
  async poll() {
    const polled = await exporter.pollAll();
    return { failed: polled.flatMap(({ outcome }) => (outcome.kind === 'failed' ? [outcome.reason] : [])) };
  },
  async push() {
    await exporter.push();
    return {};
  },
  page: async () => ({ text: (await exporter.fresh()).text }),
  async scrape() {
    await exporter.scrape('openmetrics', true);
    return {};
  },
  maintain() {
    exporter.maintain();
    return {};
  },
  async restart() {
    await exporter.restart();
    return {};
  },
  figures: () => ({ figures: figures() }),
  async end() {
    for (const end of ends) await end();
    return {};
  },
};

process.on('message', (message) => {
  const { command, now } = Command.parse(message);
  at = now;
  if (command === 'moved') waiting.shift()?.();
  else void Promise.resolve(COMMANDS[command]()).then((reply) => say({ kind: 'reply', reply }));
});
say({ kind: 'reply', reply: {} });

/** After a full garbage collection. */
function figures(): Figures {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const sizes = ['', '-wal'].map(
    (end) => statSync(`${setup.ledger}${end}`, { throwIfNoEntry: false })?.size ?? 0,
  );
  const handles = readdirSync('/proc/self/fd').length;
  return { heap: heapUsed, rss, handles, ledger: sizes[0] ?? 0, wal: sizes[1] ?? 0 };
}

function say(said: Message): void {
  process.send?.(said);
}
