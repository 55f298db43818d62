import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBench, settings } from '../../test/support/ledger/ledger.ts';
import { ONE } from '../core/values/money.ts';

/** A long run sets it higher: `LEDGER_KILLS=20`. */
const ROUNDS = Number(process.env.LEDGER_KILLS ?? 4);
const CHILD = new URL('../../test/support/exporter/crash-child.ts', import.meta.url).pathname;

/** Lets a child commit for a while, kills it in the middle, and returns the last line it printed whole. */
async function killed(path: string, afterLines: number): Promise<string> {
  const child = spawn(process.execPath, [CHILD, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    printed += text;
    if (printed.split('\n').length > afterLines) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return printed.split('\n').at(-2) ?? '';
}

test('store: after kill -9 during commits the ledger is whole and no counter fell', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'ledger.db');
  let before = 0n;
  for (let round = 0; round < ROUNDS; round += 1) {
    const [turn = '', total = '', corrections = ''] = (await killed(path, 3 + ((round * 7) % 23))).split(' ');
    const bench = openBench(settings(), { path });
    const { state } = bench;
    const [stream] = state.streams.values();
    const asOf = state.readings(stream?.id ?? 0, 'hour', 'current')[0]?.asOf ?? 0;
    const cells = bench.store.cells(stream?.id ?? 0, 'hour', { start: 0, end: Number.MAX_SAFE_INTEGER });
    const perHour = [...cells.values()].flatMap((each) => [...each.values()]);
    assert.equal(perHour.length, 24 * 20);
    assert.equal(new Set(perHour.map(({ value }) => value)).size, 1, 'all of one statement');
    const value = (perHour[0]?.value ?? 0n) / ONE;
    assert.ok(value >= BigInt(turn), `the ledger holds turn ${value}, after ${turn} was printed`);
    for (const row of state.series.values()) {
      assert.equal(row.total - row.corrections, 24n * ONE * (value - 1n), `net of ${row.resource}`);
      assert.ok(row.total >= BigInt(total) && row.total >= before && row.corrections >= BigInt(corrections));
    }
    assert.ok(asOf > 0);
    before = BigInt(total);
    bench.ledger.close();
  }
});
