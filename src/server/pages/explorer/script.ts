import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Replaced by `deploy/npm/build.ts` with the text of the script. */
declare const BUNDLED_PAGE_SCRIPT: string;

/** Runs in the browser: hover values, live refresh, search and keyboard. The page works without it. */
export const SCRIPT =
  typeof BUNDLED_PAGE_SCRIPT === 'undefined'
    ? readFileSync(new URL('./browser.js', import.meta.url), 'utf8')
    : BUNDLED_PAGE_SCRIPT;

/** Names this version in the address, so that browsers may keep it. */
export const SCRIPT_HASH = createHash('sha256').update(SCRIPT).digest('hex').slice(0, 16);

/** Three bars. */
export const FAVICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1f6fb4"/><path fill="#fff" d="M3 8h2.5v5H3zM6.75 5h2.5v8h-2.5zM10.5 3H13v10h-2.5z"/></svg>
`;
