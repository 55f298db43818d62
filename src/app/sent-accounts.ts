import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Account } from '../config/config.ts';

/** As `provider/name`. */
const Sent = z.array(z.string());

/** Remembers in a file whose history was sent. */
export class SentAccounts {
  readonly #file: string;
  readonly #sent: Set<string>;

  constructor(file: string) {
    this.#file = file;
    this.#sent = new Set(existsSync(file) ? Sent.parse(JSON.parse(readFileSync(file, 'utf8'))) : []);
  }

  has(account: Account): boolean {
    return this.#sent.has(nameOf(account));
  }

  add(account: Account): void {
    this.#sent.add(nameOf(account));
    writeFileSync(`${this.#file}.partial`, JSON.stringify([...this.#sent]), { flush: true });
    renameSync(`${this.#file}.partial`, this.#file);
  }
}

function nameOf({ provider, name }: Account): string {
  return `${provider.id}/${name}`;
}
