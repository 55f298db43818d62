import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Delivery } from '../core/ledger/records.ts';
import { SealedTable } from './sealed-table.ts';
import type { Seals } from './seals.ts';

/** The tables of deliveries to receivers. */
export interface DeliveryTables {
  /** Undefined if the receiver is not known. */
  read(receiver: string): Delivery[] | undefined;
  /** To be called within a transaction. */
  write(receiver: string, rows: readonly Delivery[]): void;
}

const Row = z
  .object({ family: z.string(), labels: z.string(), zero_at: z.number(), total: z.number(), at: z.number() })
  .transform(({ labels, zero_at, ...row }) => ({
    ...row,
    labels: z.array(z.string()).parse(JSON.parse(labels)),
    createdAt: zero_at,
  }));

const Id = z.object({ id: z.number() });

export function prepareDeliveries(database: DatabaseSync, seals: Seals): DeliveryTables {
  // By the rows alone: their digest was verified, the index was not.
  const known = database.prepare('SELECT id FROM receivers NOT INDEXED WHERE name = ?');
  const all = database.prepare(
    'SELECT family, labels, zero_at, total, at FROM deliveries WHERE receiver = ?',
  );
  const receivers = new SealedTable(database, seals, 'receivers');
  const deliveries = new SealedTable(database, seals, 'deliveries');
  const idOf = (receiver: string) => Id.optional().parse(known.get(receiver))?.id;
  return {
    read(receiver) {
      const id = idOf(receiver);
      return id === undefined ? undefined : all.all(id).map((row) => Row.parse(row));
    },
    write(receiver, rows) {
      if (idOf(receiver) === undefined) receivers.put(null, receiver);
      const id = idOf(receiver) ?? 0;
      for (const { family, labels, createdAt, total, at } of rows)
        deliveries.put(id, family, JSON.stringify(labels), createdAt, total, at);
    },
  };
}
