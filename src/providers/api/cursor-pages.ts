import { PollError } from './errors.ts';

/**
 * Walks an endpoint from cursor to cursor until `cursorOf` finds none.
 *
 * @param path of the endpoint, for messages.
 * @throws {PollError} `contract` when a cursor comes back: the walk would never end.
 */
export async function* cursorPages<Page>(
  path: string,
  pageAt: (cursor: string | undefined) => Promise<Page>,
  cursorOf: (page: Page) => string | null | undefined,
): AsyncGenerator<Page> {
  const seen = new Set<string>();
  for (let cursor: string | undefined; ; ) {
    const page = await pageAt(cursor);
    yield page;
    cursor = cursorOf(page) ?? undefined;
    if (cursor === undefined) return;
    if (seen.has(cursor)) throw new PollError('contract', `${path} gave a cursor it had given before`);
    seen.add(cursor);
  }
}
