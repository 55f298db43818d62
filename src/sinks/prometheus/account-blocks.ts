import type { Registry } from 'prom-client';
import { type FamilyHeader, headerOf } from './encode.ts';
import { encodeRegistry, type FamilyLines } from './encode-registry.ts';
import type { Format } from './format.ts';
import { Block } from './gzip.ts';
import type { Pace } from './pace.ts';

/** A registry whose lines are kept until something is counted in it. Its families are those of accounts only. */
export interface PagePart {
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

interface FamilyOfParts {
  readonly family: FamilyHeader;
  readonly lines: Buffer[];
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
  readonly #parts: () => Iterable<PagePart>;
  readonly #encoded = new WeakMap<Registry, EncodedPart>();
  readonly #headers = new Map<string, Block>();
  readonly #groups = new Map<string, readonly Group[]>();
  readonly #formats = new Set<Format>();

  constructor(parts: () => Iterable<PagePart>) {
    this.#parts = parts;
  }

  /** Encodes the lines of parts that changed, of at most so many; says whether there are more. */
  async encode(pace: Pace, limit: number): Promise<boolean> {
    let encoded = 0;
    for (const { registry, revision } of [...this.#parts()]) {
      const last = this.#encoded.get(registry);
      if (last?.revision === revision) continue;
      if (encoded === limit) return true;
      encoded += 1;
      const families = await encodeRegistry(registry, pace, last?.families);
      // Another, begun later, may have been faster: what it read is newer.
      const newest = this.#encoded.get(registry)?.revision ?? -1;
      if (newest < revision) this.#encoded.set(registry, { revision, families });
    }
    return false;
  }

  /** The blocks of all lines as they were last encoded. */
  blocks(format: Format): Block[] {
    const blocks: Block[] = [];
    for (const { family, lines } of this.#families(format)) {
      blocks.push(this.#header(family, format));
      // Both formats share what reads alike.
      const key = family.type === 'histogram' ? `${family.name} ${format}` : family.name;
      const groups = groupsOf(lines, this.#groups.get(key) ?? []);
      this.#groups.set(key, groups);
      for (const { block } of groups) blocks.push(block);
    }
    this.#formats.add(format);
    return blocks;
  }

  /** Deflates the blocks that take the place of deflated ones, before somebody asks for them. */
  async deflate(pace: Pace): Promise<void> {
    const isAsked = [...this.#groups.values()].flat().some(({ block }) => block.isDeflated);
    if (!isAsked) return;
    for (const format of this.#formats) {
      for (const block of this.blocks(format)) {
        await pace();
        block.deflate();
      }
    }
  }

  #header(family: FamilyHeader, format: Format): Block {
    const text = headerOf(family, format);
    const header = this.#headers.get(text) ?? new Block(Buffer.from(text));
    this.#headers.set(text, header);
    return header;
  }

  #families(format: Format): Iterable<FamilyOfParts> {
    const found = new Map<string, FamilyOfParts>();
    for (const { registry } of this.#parts()) {
      for (const { family, [format]: lines } of this.#encoded.get(registry)?.families ?? []) {
        const known = found.get(family.name) ?? { family, lines: [] };
        found.set(family.name, known);
        known.lines.push(lines);
      }
    }
    return found.values();
  }
}

function groupsOf(lines: readonly Buffer[], known: readonly Group[]): Group[] {
  const groups: Group[] = [];
  for (let from = 0; from < lines.length; from += PARTS_A_GROUP) {
    const ours = lines.slice(from, from + PARTS_A_GROUP);
    const last = known[groups.length];
    const isKnown = last && isSame(last.lines, ours);
    groups.push(isKnown ? last : { lines: ours, block: new Block(Buffer.concat(ours)) });
  }
  return groups;
}

function isSame(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  return a.length === b.length && a.every((lines, index) => lines === b[index]);
}
