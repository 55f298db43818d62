import { z } from 'zod';
import { formatDecimal } from '../../core/values/money.ts';
import { Numeric, readDecimal } from './schemas.ts';

/** What a feed remembers from one poll to the next, as the text that the ledger keeps. */
export interface StateCodec<Value> {
  /** Undefined without a state, and for one that the schema refuses: a state may only save requests or name things. */
  read(text: string | undefined): Value | undefined;
  /** Without what is undefined. */
  write(value: Value): string;
}

/** A state of the form of a schema. What is not JSON (amounts, instants in hours) is a codec of it, such as {@link Amount}. */
export function defineState<Value>(schema: z.ZodType<Value>): StateCodec<Value> {
  return {
    read: (text) => schema.safeParse(jsonOf(text)).data,
    write: (value) => JSON.stringify(z.encode(schema, value)),
  };
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** An exact amount, written as decimal text. */
export const Amount = z.codec(Numeric, z.bigint(), { decode: readDecimal, encode: formatDecimal });
