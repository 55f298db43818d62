import type { RangeReading, Reader } from './provider.ts';

/** For answers that are a whole: there are no pages to fold. */
export function singleReader<Page>(read: (page: Page) => RangeReading): Reader<Page> {
  return pagesReader((pages) => {
    const [page] = pages;
    if (page === undefined || pages.length > 1)
      throw new RangeError(`${pages.length} answers in place of one`);
    return read(page);
  });
}

/** For answers that are read side by side. */
export function pagesReader<Page>(read: (pages: readonly Page[]) => RangeReading): Reader<Page> {
  const pages: Page[] = [];
  return { add: (page) => void pages.push(page), finish: () => read(pages) };
}
