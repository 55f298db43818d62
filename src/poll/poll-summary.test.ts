import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Drift } from '../core/statement/statement.ts';
import { createPollSummary, shortNotes } from './poll-summary.ts';

function listen() {
  const drifts: Drift[] = [];
  const currencies: string[] = [];
  const digest = createPollSummary({
    drift: (drift) => drifts.push(drift),
    unconverted: (currency) => currencies.push(currency),
  });
  return { digest, drifts, currencies };
}

const KINDS = ['unknown_field', 'undocumented_field', 'long_label'] as const;

it('poll summary reports ten drifts of each kind, and counts the rest', () => {
  const { digest, drifts } = listen();
  for (let count = 0; count < 25; count++) {
    for (const kind of KINDS) digest.drift({ kind, what: `field ${count}` });
  }
  assert.equal(drifts.length, 30);
  digest.end();
  assert.deepEqual(
    drifts.slice(30),
    KINDS.map((kind) => ({ kind, what: 'and 15 more', more: 15 })),
  );
});

it('poll summary reports ten drifts without a rest', () => {
  const { digest, drifts } = listen();
  for (let count = 0; count < 10; count++) digest.drift({ kind: 'unknown_field', what: `field ${count}` });
  digest.end();
  assert.equal(drifts.length, 10);
});

it('poll summary adds the count of a feed to the rest', () => {
  const { digest, drifts } = listen();
  digest.drift({ kind: 'unknown_field', what: 'and 7 more', more: 7 });
  for (let count = 0; count < 12; count++) digest.drift({ kind: 'unknown_field', what: `field ${count}` });
  digest.end();
  assert.deepEqual(drifts.at(-1), { kind: 'unknown_field', what: 'and 9 more', more: 9 });
});

it('poll summary reports ten currencies, and counts the rest', () => {
  const { digest, currencies } = listen();
  for (let count = 0; count < 13; count++) digest.unconverted(`C${count}`);
  digest.end();
  assert.deepEqual(currencies.slice(9), ['C9', 'and 3 more']);
});

it('poll summary truncates texts to 200 characters, and splits no surrogate pair', () => {
  const { digest, drifts, currencies } = listen();
  digest.drift({ kind: 'unknown_field', what: 'x'.repeat(200) });
  digest.drift({ kind: 'unknown_field', what: '\u{1f4b0}'.repeat(5000) });
  digest.unconverted('y'.repeat(201));
  assert.equal(drifts[0]?.what, 'x'.repeat(200));
  assert.equal(drifts[1]?.what.length, 200);
  assert.ok(drifts[1]?.what.isWellFormed());
  assert.equal(currencies[0], `${'y'.repeat(199)}…`);
});

it('poll summary keeps the first hundred notes, shortened', () => {
  const notes = Array.from({ length: 500 }, (_, index) => ({
    topic: `${index}`,
    text: 'z'.repeat(900),
    isWarning: index === 0,
  }));
  const kept = shortNotes(notes);
  assert.equal(kept.length, 100);
  assert.deepEqual(kept[0], { topic: '0', text: `${'z'.repeat(199)}…`, isWarning: true });
});
