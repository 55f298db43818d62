import type { Registry } from 'prom-client';
import { type FamilyHeader, headerOf } from './encode.ts';
import { encodeRegistry, type FamilyLines } from './encode-registry.ts';
import type { Format } from './format.ts';
import { Block } from './gzip.ts';
import type { Pace } from './pace.ts';

/** A registry of one account, whose lines are cached until it changes. */
export interface PagePart {
  readonly registry: Registry;
  /** Increases with each change. */
  readonly revision: number;
}

interface EncodedPart {
  readonly revision: number;
  readonly families: readonly FamilyLines[];
}

/** Consecutive lines of one family, and their block. */
interface Group {
  readonly lines: readonly Buffer[];
  readonly block: Block;
}

interface FamilyOfParts {
  readonly family: FamilyHeader;
  readonly lines: Buffer[];
}

/** A larger group makes the page smaller, at four by a third, and increases the work after each change. */
const PARTS_PER_GROUP = 4;

/**
 * Caches the families of many registries as blocks. A change in one registry only encodes its lines again, and only deflates the
 * changed blocks of its group. The order of families is that of their first appearance.
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

  /** Encodes up to `limit` changed parts, and returns whether there are more. */
  async encode(pace: Pace, limit: number): Promise<boolean> {
    let encoded = 0;
    for (const { registry, revision } of [...this.#parts()]) {
      const last = this.#encoded.get(registry);
      if (last?.revision === revision) continue;
      if (encoded === limit) return true;
      encoded += 1;
      const families = await encodeRegistry(registry, pace, last?.families);
      // An encoding that started later may have finished first, with newer values.
      const newest = this.#encoded.get(registry)?.revision ?? -1;
      if (newest < revision) this.#encoded.set(registry, { revision, families });
    }
    return false;
  }

  /** The blocks of all lines, as last encoded. */
  blocks(format: Format): Block[] {
    const blocks: Block[] = [];
    for (const { family, lines } of this.#families(format)) {
      blocks.push(this.#header(family, format));
      // Both formats share equal lines.
      const key = family.type === 'histogram' ? `${family.name} ${format}` : family.name;
      const groups = groupsOf(lines, this.#groups.get(key) ?? []);
      this.#groups.set(key, groups);
      for (const { block } of groups) blocks.push(block);
    }
    this.#formats.add(format);
    return blocks;
  }

  /** Deflates changed blocks ahead of the next scrape, if a scrape has requested gzip. */
  async deflate(pace: Pace): Promise<void> {
    const isGzipUsed = [...this.#groups.values()].flat().some(({ block }) => block.isDeflated);
    if (!isGzipUsed) return;
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
  for (let from = 0; from < lines.length; from += PARTS_PER_GROUP) {
    const group = lines.slice(from, from + PARTS_PER_GROUP);
    const last = known[groups.length];
    const isKnown = last && isSame(last.lines, group);
    groups.push(isKnown ? last : { lines: group, block: new Block(Buffer.concat(group)) });
  }
  return groups;
}

function isSame(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  return a.length === b.length && a.every((lines, index) => lines === b[index]);
}
