import { z } from 'zod';

/** What a laboratory is started with. */
export const LabSetup = z.object({
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
export type LabSetup = z.infer<typeof LabSetup>;

const WORDS = ['poll', 'push', 'page', 'scrape', 'maintain', 'restart', 'figures', 'end', 'moved'] as const;
export type Word = (typeof WORDS)[number];

/** What the parent says, with its time. `moved` answers a wait. */
export const Word = z.object({ word: z.enum(WORDS), now: z.number() });

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
export const Heard = z.object({
  failed: z.array(z.string()).optional(),
  text: z.string().optional(),
  figures: Figures.optional(),
});
export type Heard = z.infer<typeof Heard>;

/** What a laboratory says. */
export const Said = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('wait'), ms: z.number() }),
  z.object({ kind: z.literal('heard'), heard: Heard }),
]);
export type Said = z.infer<typeof Said>;
