/** Marks the file as ours: "aibl". */
export const APPLICATION_ID = 0x6169626c;

/**
 * Each entry takes the schema one version further; `user_version` counts how many were run. An entry is never changed once it
 * was released: the next change is a new entry.
 *
 * Amounts are decimal text in units of 1e-12, since neither a cell nor a sum may overflow; instants are milliseconds.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE accounts (
    id INTEGER PRIMARY KEY, provider TEXT NOT NULL, name TEXT NOT NULL, baseline INTEGER, folded INTEGER NOT NULL,
    UNIQUE (provider, name)
  ) STRICT;
  CREATE TABLE streams (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES accounts, name TEXT NOT NULL,
    closed_before INTEGER NOT NULL, closed_in INTEGER NOT NULL,
    UNIQUE (account, name)
  ) STRICT;
  CREATE TABLE resources (
    account INTEGER NOT NULL REFERENCES accounts, resource TEXT NOT NULL, model TEXT NOT NULL, tier TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (account, resource)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE series (
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL REFERENCES streams, measure TEXT NOT NULL, resource TEXT NOT NULL,
    model TEXT NOT NULL, tier TEXT NOT NULL, detail TEXT NOT NULL, target INTEGER NOT NULL,
    total TEXT NOT NULL, corrections TEXT NOT NULL,
    held_total TEXT, held_corrections TEXT, held_since INTEGER, held_shown INTEGER NOT NULL,
    last_cell INTEGER NOT NULL, changed_at INTEGER NOT NULL, rolled TEXT NOT NULL,
    UNIQUE (stream, measure, resource, model, tier, detail)
  ) STRICT;
  CREATE TABLE cells (
    stream INTEGER NOT NULL, granularity TEXT NOT NULL, bucket INTEGER NOT NULL, series INTEGER NOT NULL,
    value TEXT NOT NULL, base TEXT NOT NULL,
    PRIMARY KEY (stream, granularity, bucket, series)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE readings (
    stream INTEGER NOT NULL, granularity TEXT NOT NULL, side TEXT NOT NULL, start INTEGER NOT NULL,
    end INTEGER NOT NULL, as_of INTEGER NOT NULL,
    PRIMARY KEY (stream, granularity, side, start)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE compacted (
    stream INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    PRIMARY KEY (stream, start)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE silences (
    stream INTEGER NOT NULL, granularity TEXT NOT NULL, tier TEXT NOT NULL, start INTEGER NOT NULL,
    end INTEGER NOT NULL, since INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE sums (
    kind TEXT NOT NULL, start INTEGER NOT NULL, series INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (kind, start, series)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE requests (
    account INTEGER PRIMARY KEY REFERENCES accounts, state TEXT NOT NULL
  ) STRICT;
  CREATE TABLE feeds (
    account INTEGER NOT NULL REFERENCES accounts, feed TEXT NOT NULL, ranges TEXT NOT NULL,
    last_success INTEGER, memo TEXT, observations TEXT NOT NULL, reconciliation TEXT, against TEXT,
    PRIMARY KEY (account, feed)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE feeds ADD COLUMN notes TEXT NOT NULL DEFAULT '[]';
  CREATE TABLE hours (
    stream INTEGER NOT NULL, hour INTEGER NOT NULL, currency TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (stream, hour, currency)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE accounts ADD COLUMN opened_at INTEGER NOT NULL DEFAULT 0;
  UPDATE accounts SET opened_at = coalesce(baseline, unixepoch() * 1000);
  ALTER TABLE series ADD COLUMN zero_at INTEGER NOT NULL DEFAULT 0;
  UPDATE series SET zero_at = (
    SELECT opened_at FROM accounts JOIN streams ON streams.account = accounts.id WHERE streams.id = series.stream
  );
  CREATE TABLE receivers (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE deliveries (
    receiver INTEGER NOT NULL REFERENCES receivers, family TEXT NOT NULL, labels TEXT NOT NULL,
    zero_at INTEGER NOT NULL, total REAL NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (receiver, family, labels)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE folded (
    stream INTEGER NOT NULL, digest INTEGER NOT NULL,
    PRIMARY KEY (stream, digest)
  ) STRICT, WITHOUT ROWID;
  ALTER TABLE accounts ADD COLUMN zero_shown INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE digests (
    rows TEXT NOT NULL, unit INTEGER NOT NULL, digest INTEGER NOT NULL,
    PRIMARY KEY (rows, unit)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE streams ADD COLUMN baseline INTEGER;
  UPDATE streams SET baseline = (SELECT baseline FROM accounts WHERE accounts.id = streams.account);
  ALTER TABLE accounts DROP COLUMN baseline;
  ALTER TABLE streams ADD COLUMN archived_from INTEGER;
  CREATE TABLE archive (
    stream INTEGER NOT NULL, day INTEGER NOT NULL, amounts BLOB NOT NULL, digest INTEGER NOT NULL,
    PRIMARY KEY (stream, day)
  ) STRICT;
  `,
];

/** The first version whose rows have digests, see `seals.ts`. */
export const SEALED_SINCE = 4;
