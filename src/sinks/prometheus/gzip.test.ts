import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Block, deflatePrefix, gzipMember } from './gzip.ts';

const PIECE = 2 * 1024 * 1024;

async function roundTrip(prefix: readonly Buffer[], end: Buffer): Promise<{ plain: Buffer; chunks: number }> {
  const deflated = await deflatePrefix(prefix);
  const member = Buffer.concat(await gzipMember(deflated, [new Block(end)]));
  return { plain: gunzipSync(member), chunks: deflated.chunks.length };
}

test('gzip makes one member of a page of any size, in few pieces', async () => {
  const line = Buffer.from('ai_billing_polls_total{provider="venice",account="a",feed="usage"} 1\n');
  const sizes = [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 5 * PIECE + 7];
  for (const size of sizes) {
    const text = Buffer.alloc(size, line);
    const parts = [text.subarray(0, size / 3), text.subarray(size / 3, size / 2), text.subarray(size / 2)];
    const { plain, chunks } = await roundTrip(parts, text);
    assert.ok(plain.equals(Buffer.concat([text, text])), String(size));
    assert.ok(chunks <= Math.ceil(size / PIECE), `${size}: ${chunks}`);
  }
});

test('gzip keeps incompressible pages intact', async () => {
  // Multiplication by a prime modulo 2^32: no two pieces alike, and the same at every run.
  const noise = Buffer.from(
    Uint32Array.from({ length: PIECE / 2 }, (_, index) => Math.imul(index, 2_654_435_761)).buffer,
  );
  const { plain } = await roundTrip([noise], noise);
  assert.ok(plain.equals(Buffer.concat([noise, noise])));
});

test('gzip deflates a block once, for any order and any prefix', async () => {
  const blocks = ['a 1\n', 'a 1\nb 2\n', '', 'c 3\n'.repeat(5000)].map(
    (text) => new Block(Buffer.from(text)),
  );
  const deflated = blocks.map((block) => block.deflate());
  for (const order of [blocks, blocks.toReversed(), [...blocks, ...blocks], []]) {
    const prefix = [Buffer.from('a 1\nb 2\n')];
    const member = Buffer.concat(await gzipMember(await deflatePrefix(prefix), order));
    const plain = Buffer.concat([...prefix, ...order.map((block) => block.plain)]);
    assert.ok(gunzipSync(member).equals(plain));
  }
  assert.ok(blocks.every((block, index) => block.deflate() === deflated[index]));
});
