import assert from 'node:assert/strict';

/** Fails, and says what mends it, if a generated file is not what its source makes of it. */
export function assertGenerated(written: string, expected: string, path: string): void {
  if (written === expected) return;
  const [found, wanted] = [written.split('\n'), expected.split('\n')];
  const line = wanted.findIndex((text, index) => text !== found[index]);
  const index = line === -1 ? wanted.length : line;
  assert.fail(
    `${path} is out of date: run \`npm run generate\` and commit the result. Line ${index + 1} is "${found[index]}", not "${wanted[index]}"`,
  );
}

/** Fails likewise if files are missing, or are left over. */
export function assertGeneratedFiles(present: Iterable<string>, expected: Iterable<string>): void {
  const message =
    'generated files are missing or left over: run `npm run generate`, and delete what is left over';
  assert.deepEqual([...present].sort(), [...expected].sort(), message);
}
