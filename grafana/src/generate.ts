import { writeFile } from 'node:fs/promises';
import { BOARDS } from './boards.ts';
import { dashboardOf } from './build.ts';

/** The dashboards by file name, in Grafana's format. */
export function dashboardFiles(): Map<string, string> {
  return new Map(
    BOARDS.map((board) => [`${board.uid}.json`, `${JSON.stringify(dashboardOf(board), null, 2)}\n`]),
  );
}

if (import.meta.main) {
  for (const [name, text] of dashboardFiles())
    await writeFile(new URL(`../dashboards/${name}`, import.meta.url), text);
}
