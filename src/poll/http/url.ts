import type { Request } from '../../providers/api/request.ts';

/** Where an account's requests are sent. */
export interface RequestTarget {
  readonly origin: string;
  /** Without a trailing slash; ends with the provider's version prefix. */
  readonly basePath: string;
}

/** Adds the provider's version prefix unless the path of `baseUrl` ends with it already. */
export function targetOf(baseUrl: string, versionPrefix: string): RequestTarget {
  const { origin, pathname } = new URL(baseUrl);
  const path = pathname.replace(/\/+$/, '');
  return { origin, basePath: path.endsWith(versionPrefix) ? path : path + versionPrefix };
}

/** The path and query of a request, below `basePath`. */
export function pathOf(
  basePath: string,
  { path, query = {}, lists = {} }: Pick<Request<unknown>, 'path' | 'query' | 'lists'>,
): string {
  const parameters = new URLSearchParams(query);
  for (const [name, values] of Object.entries(lists)) {
    for (const value of values) parameters.append(name, value);
  }
  const search = parameters.toString();
  return basePath + path + (search === '' ? '' : `?${search}`);
}
