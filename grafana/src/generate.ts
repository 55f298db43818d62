import { readFile, writeFile } from 'node:fs/promises';
import { table, withGeneratedParts } from '../../docs/src/provider-tables.ts';
import { BOARDS } from './boards.ts';
import { dashboardOf } from './build.ts';

/** The dashboards by file name, in Grafana's format. */
export function dashboardFiles(): Map<string, string> {
  return new Map(
    BOARDS.map((board) => [`${board.uid}.json`, `${JSON.stringify(dashboardOf(board), null, 2)}\n`]),
  );
}

const PAGE = new URL('../../docs/dashboards.md', import.meta.url);

/** The page about the dashboards, with the table of them. */
export async function dashboardsPage(): Promise<string> {
  const rows = BOARDS.map(({ title, uid, about }) => [
    title.replace('AI billing / ', ''),
    `\`${uid}\``,
    about,
  ]);
  const dashboards = table(['dashboard', 'uid', 'what it shows'], rows);
  return withGeneratedParts(await readFile(PAGE, 'utf8'), { dashboards });
}

if (import.meta.main) {
  for (const [name, text] of dashboardFiles())
    await writeFile(new URL(`../dashboards/${name}`, import.meta.url), text);
  await writeFile(PAGE, await dashboardsPage());
}
