import type { Reader } from './provider.ts';

type RangeResult<Page> = ReturnType<Reader<Page>['finish']>;

/** For answers that are a whole: there are no pages to fold. */
export function singleReader<Page>(read: (page: Page) => RangeResult<Page>): Reader<Page> {
  return pagesReader((pages) => {
    const [page] = pages;
    if (page === undefined || pages.length > 1)
      throw new RangeError(`${pages.length} answers in place of one`);
    return read(page);
  });
}

/** For answers that are read side by side. */
export function pagesReader<Page>(read: (pages: readonly Page[]) => RangeResult<Page>): Reader<Page> {
  const pages: Page[] = [];
  return { add: (page) => void pages.push(page), finish: () => read(pages) };
}
