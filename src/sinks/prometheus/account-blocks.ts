import type { Registry } from 'prom-client';
import { type FamilyHeader, headerOf } from './encode.ts';
import { encodeRegistry, type FamilyLines } from './encode-registry.ts';
import type { Format } from './format.ts';
import { Block } from './gzip.ts';
import type { Pace } from './pace.ts';

/** A registry whose lines are kept until something is counted in it. Its families are those of accounts only. */
export interface Part {
  readonly registry: Registry;
  /** Grows whenever something was counted. */
  readonly revision: number;
}

interface EncodedPart {
  readonly revision: number;
  readonly families: readonly FamilyLines[];
}

/** Lines of one family that stand next to each other, and the block they make. */
interface Group {
  readonly lines: readonly Buffer[];
  readonly block: Block;
}

/** More make the page smaller, at four by a third, and what is deflated after each change larger. */
const PARTS_A_GROUP = 4;

/**
 * The families of many registries as blocks that are kept. What is counted in one registry has the lines of that one
 * written, and the blocks of its group whose bytes are others deflated; everything else stays.
 *
 * Families stand in the order in which the parts first show them.
 */
export class AccountBlocks {
  readonly #parts: () => Iterable<Part>;
  readonly #encoded = new WeakMap<Registry, EncodedPart>();
  readonly #groups = new Map<Format, Map<string, readonly Group[]>>();

  constructor(parts: () => Iterable<Part>) {
    this.#parts = parts;
  }

  /** Encodes the lines of parts that changed, of at most so many. */
  async encode(pace: Pace, limit = Number.POSITIVE_INFINITY): Promise<void> {
    let encoded = 0;
    for (const { registry, revision } of [...this.#parts()]) {
      const last = this.#encoded.get(registry);
      if (last?.revision === revision) continue;
      if (encoded === limit) return;
      encoded += 1;
      const families = await encodeRegistry(registry, pace, last?.families);
      // Another, begun later, may have been faster: what it read is newer.
      const newest = this.#encoded.get(registry)?.revision ?? -1;
      if (newest < revision) this.#encoded.set(registry, { revision, families });
    }
  }

  /** The blocks of all lines as they were last encoded. */
  blocks(format: Format): Block[] {
    const last = this.#groups.get(format);
    const next = new Map<string, readonly Group[]>();
    for (const { family, lines } of this.#families(format)) {
      next.set(family.name, groupsOf(headerOf(family, format), lines, last?.get(family.name) ?? []));
    }
    this.#groups.set(format, next);
    return [...next.values()].flat().map(({ block }) => block);
  }

  /** Deflates the blocks that take the place of deflated ones, before somebody asks for them. */
  async deflate(pace: Pace): Promise<void> {
    for (const [format, families] of this.#groups) {
      const isAsked = [...families.values()].flat().some(({ block }) => block.isDeflated);
      if (!isAsked) continue;
      for (const block of this.blocks(format)) {
        await pace();
        block.deflate();
      }
    }
  }

  #families(format: Format): Iterable<{ readonly family: FamilyHeader; readonly lines: Buffer[] }> {
    const found = new Map<string, { readonly family: FamilyHeader; readonly lines: Buffer[] }>();
    for (const { registry } of this.#parts()) {
      for (const { family, [format]: lines } of this.#encoded.get(registry)?.families ?? []) {
        const known = found.get(family.name);
        if (known) known.lines.push(lines);
        else found.set(family.name, { family, lines: [lines] });
      }
    }
    return found.values();
  }
}

function groupsOf(header: string, lines: readonly Buffer[], known: readonly Group[]): Group[] {
  const groups: Group[] = [];
  for (let from = 0; from < lines.length; from += PARTS_A_GROUP) {
    const ours = lines.slice(from, from + PARTS_A_GROUP);
    const last = known[groups.length];
    groups.push(last && isSame(last.lines, ours) ? last : groupOf(from === 0 ? header : '', ours));
  }
  return groups;
}

function groupOf(header: string, lines: readonly Buffer[]): Group {
  return { lines, block: new Block(Buffer.concat([Buffer.from(header), ...lines])) };
}

function isSame(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  return a.length === b.length && a.every((lines, index) => lines === b[index]);
}
