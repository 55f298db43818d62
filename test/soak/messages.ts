import { z } from 'zod';

/** What a laboratory is started with. */
export const ProcessSetup = z.object({
  ledger: z.string(),
  /** URL of the receiver of differences. */
  receiver: z.string(),
  now: z.number(),
  accounts: z.array(
    z.object({
      provider: z.string(),
      url: z.string(),
      key: z.string(),
      since: z.number(),
      timeoutMs: z.number(),
    }),
  ),
});
export type ProcessSetup = z.infer<typeof ProcessSetup>;

const COMMANDS = [
  'poll',
  'push',
  'page',
  'scrape',
  'maintain',
  'restart',
  'figures',
  'end',
  'moved',
] as const;
export type Command = (typeof COMMANDS)[number];

/** What the parent says, with its time. `moved` answers a wait. */
export const Command = z.object({ command: z.enum(COMMANDS), now: z.number() });

/** What a process takes, in bytes, and how many files and sockets it has open. */
export const Figures = z.object({
  heap: z.number(),
  rss: z.number(),
  handles: z.number(),
  ledger: z.number(),
  wal: z.number(),
});
export type Figures = z.infer<typeof Figures>;

/** What comes of a word; each has what it is asked for. */
export const Reply = z.object({
  failed: z.array(z.string()).optional(),
  text: z.string().optional(),
  figures: Figures.optional(),
});
export type Reply = z.infer<typeof Reply>;

/** What a laboratory says. */
export const Message = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('wait'), ms: z.number() }),
  z.object({ kind: z.literal('reply'), reply: Reply }),
]);
export type Message = z.infer<typeof Message>;
