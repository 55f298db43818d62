import assert from 'node:assert/strict';

/** Fails, and says what mends it, if a generated file is not what its source makes of it. */
export function assertGenerated(written: string, expected: string, path: string): void {
  if (written !== expected)
    assert.equal(written, expected, `${path} is out of date: run \`npm run generate\` and commit the result`);
}

/** Fails likewise if files are missing, or are left over. */
export function assertGeneratedFiles(present: Iterable<string>, expected: Iterable<string>): void {
  const message =
    'generated files are missing or left over: run `npm run generate`, and delete what is left over';
  assert.deepEqual([...present].sort(), [...expected].sort(), message);
}
