import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Delivery } from '../core/deliveries.ts';

/** The tables of what receivers were told. */
export interface DeliveryTables {
  /** Undefined where the receiver is not known. */
  read(receiver: string): Delivery[] | undefined;
  /** To be called within a transaction. */
  write(receiver: string, rows: readonly Delivery[]): void;
}

const Row = z
  .object({ family: z.string(), labels: z.string(), zero_at: z.number(), total: z.number(), at: z.number() })
  .transform(({ labels, zero_at, ...row }) => ({
    ...row,
    labels: z.array(z.string()).parse(JSON.parse(labels)),
    zeroAt: zero_at,
  }));

const Id = z.object({ id: z.number() });

export function prepareDeliveries(database: DatabaseSync): DeliveryTables {
  const known = database.prepare('SELECT id FROM receivers WHERE name = ?');
  const add = database.prepare('INSERT INTO receivers (name) VALUES (?) ON CONFLICT (name) DO NOTHING');
  const all = database.prepare(
    'SELECT family, labels, zero_at, total, at FROM deliveries WHERE receiver = ?',
  );
  const put = database.prepare('INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?, ?, ?)');
  const idOf = (receiver: string) => Id.optional().parse(known.get(receiver))?.id;
  return {
    read(receiver) {
      const id = idOf(receiver);
      return id === undefined ? undefined : all.all(id).map((row) => Row.parse(row));
    },
    write(receiver, rows) {
      add.run(receiver);
      const id = idOf(receiver) ?? 0;
      for (const { family, labels, zeroAt, total, at } of rows)
        put.run(id, family, JSON.stringify(labels), zeroAt, total, at);
    },
  };
}
