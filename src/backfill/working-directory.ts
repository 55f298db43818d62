import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { StoreError } from '../core/ledger/records.ts';
import { Ledger } from '../core/ledger.ts';
import { openVerified } from '../store/open.ts';
import { isInUse } from '../store/read-only.ts';
import { sqliteStore } from '../store/sqlite.ts';
import { BackfillQuestion, BackfillRefusal, differenceOf } from './question.ts';
import { UNREAD_KINDS } from './unread.ts';

/** How far a backfill has come after all was read. */
const WriteState = z.strictObject({
  /** What could not be read; undefined while history is still read. */
  unread: z
    .array(
      z.strictObject({
        ...{ provider: z.string(), account: z.string(), stream: z.string() },
        ...{ start: z.number(), end: z.number(), why: z.string(), kind: z.enum(UNREAD_KINDS) },
      }),
    )
    .readonly()
    .optional(),
  /** Names of the files that are whole. */
  files: z.array(z.string()).readonly(),
  /** Samples that the receiver need not be sent again. */
  acknowledged: z.number(),
  refused: z
    .array(
      z.strictObject({
        labels: z.array(z.tuple([z.string(), z.string()]).readonly()).readonly(),
        ...{ reason: z.string(), samples: z.number() },
      }),
    )
    .readonly(),
});
export type WriteState = z.infer<typeof WriteState>;

const NOTHING_WRITTEN: WriteState = { files: [], acknowledged: 0, refused: [] };

export interface WorkingDirectoryOptions {
  readonly path: string;
  readonly question: BackfillQuestion;
  /** Goes on with a backfill that was stopped. */
  readonly resumes: boolean;
  /**
   * Prepares the ledger of a new backfill.
   *
   * @param exporterCopy where to copy the exporter's ledger, if there is one.
   */
  readonly prepare: (ledger: Ledger, exporterCopy: string) => Promise<void>;
}

/** Everything that a backfill needs to go on after it was stopped, however it was. One process at a time has it open. */
export class WorkingDirectory {
  readonly path: string;
  readonly question: BackfillQuestion;
  /** Holds what was read. */
  readonly ledger: Ledger;
  #written: WriteState;

  private constructor(path: string, question: BackfillQuestion, ledger: Ledger) {
    this.path = path;
    this.question = question;
    this.ledger = ledger;
    this.#written = readJson(join(path, WRITTEN), WriteState) ?? NOTHING_WRITTEN;
  }

  /**
   * Opens the directory of a new backfill, or of one that was stopped.
   *
   * @throws {BackfillRefusal} if there is one that is not to be resumed, or one of another question.
   * @throws {StoreError} if it cannot be used, or another process uses it.
   */
  static async open(options: WorkingDirectoryOptions): Promise<WorkingDirectory> {
    const { path, question, resumes, prepare } = options;
    if (!resumes && existsSync(path))
      throw new BackfillRefusal(
        `${path} holds a backfill that was not finished: continue with --resume, or delete it to start again`,
      );
    const begun = readJson(join(path, QUESTION), BackfillQuestion);
    const difference = begun && differenceOf(question, begun);
    if (difference !== undefined)
      throw new BackfillRefusal(
        `${path} holds a backfill of something else: ${difference}; ask for the same, or delete it to start again`,
      );
    mkdirSync(path, { recursive: true });
    if (begun) return new WorkingDirectory(path, begun, openLedgerIn(path));
    const ledger = await openNewLedger(path);
    try {
      await prepare(ledger, join(path, EXPORTER_COPY));
      writeJson(join(path, QUESTION), question);
      return new WorkingDirectory(path, question, ledger);
    } catch (error) {
      ledger.close();
      rmSync(path, { recursive: true });
      throw error;
    }
  }

  /** A copy of the exporter's ledger, as it was when the backfill began; undefined if there was none. */
  get exporterCopy(): string | undefined {
    const path = join(this.path, EXPORTER_COPY);
    return existsSync(path) ? path : undefined;
  }

  get written(): WriteState {
    return this.#written;
  }

  /** Notes what was written, so that it is not written again. */
  note(change: Partial<WriteState>): void {
    this.#written = { ...this.#written, ...change };
    writeJson(join(this.path, WRITTEN), this.#written);
  }

  /** To be read and written again: what could not be read may be readable later. */
  forgetWritten(): void {
    rmSync(join(this.path, WRITTEN), { force: true });
  }

  /** @param isDone deletes it, too. */
  close(isDone: boolean): void {
    this.ledger.close();
    if (isDone) rmSync(this.path, { recursive: true });
  }
}

const LEDGER = 'ledger.db';
const EXPORTER_COPY = 'exporter.db';
const QUESTION = 'question.json';
const WRITTEN = 'written.json';

function openLedgerIn(path: string): Ledger {
  try {
    const { database, read } = openVerified(join(path, LEDGER));
    return new Ledger(sqliteStore(database, { read }));
  } catch (error) {
    if (!isInUse(error)) throw error;
    throw new StoreError(`${path} is in use by another backfill: wait for its end, or stop it`);
  }
}

/** Without a question nothing was read yet: whatever a start left behind that was killed is of no use. */
async function openNewLedger(path: string): Promise<Ledger> {
  const left = openLedgerIn(path);
  if (left.accountCount === 0) return left;
  left.close();
  rmSync(path, { recursive: true });
  mkdirSync(path);
  return openLedgerIn(path);
}

function readJson<Value>(file: string, schema: z.ZodType<Value>): Value | undefined {
  return existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

/** A file that is whole or as it was before. */
function writeJson(file: string, value: object): void {
  writeFileSync(`${file}.partial`, JSON.stringify(value), { flush: true });
  renameSync(`${file}.partial`, file);
}
