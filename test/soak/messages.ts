import { z } from 'zod';

/** The argument of the exporter process. */
export const ProcessSetup = z.object({
  ledger: z.string(),
  /** URL of the delta receiver. */
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

/** A command of the parent, with the current time. `moved` ends a wait. */
export const Command = z.object({ command: z.enum(COMMANDS), now: z.number() });

/** Memory and file sizes in bytes, and the number of open files and sockets. */
export const Figures = z.object({
  heap: z.number(),
  rss: z.number(),
  handles: z.number(),
  ledger: z.number(),
  wal: z.number(),
});
export type Figures = z.infer<typeof Figures>;

/** The reply to a command; each command fills its own field. */
export const Reply = z.object({
  failed: z.array(z.string()).optional(),
  text: z.string().optional(),
  figures: Figures.optional(),
});
export type Reply = z.infer<typeof Reply>;

/** A message of the exporter process. */
export const Message = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('wait'), ms: z.number() }),
  z.object({ kind: z.literal('reply'), reply: Reply }),
]);
export type Message = z.infer<typeof Message>;
