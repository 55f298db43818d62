import { createHash } from 'node:crypto';

/** The one style sheet. No fonts, images or scripts: the page loads nothing. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f8f7f4, #131417);
  --sheet: light-dark(#ffffff, #1b1d21);
  --line: light-dark(#e6e3dd, #2e3138);
  --ink: light-dark(#1c1e22, #e7e5e0);
  --quiet: light-dark(#666970, #989ba3);
  --good: light-dark(#1a7347, #5fce96);
  --bad: light-dark(#b3261e, #ff8a80);
  --link: light-dark(#1d5a9e, #8ab8f0);
}
* { box-sizing: border-box; margin: 0; }
body {
  background: var(--ground);
  color: var(--ink);
  font: 0.9375rem/1.5 system-ui, sans-serif;
  font-variant-numeric: tabular-nums;
  max-width: 76rem;
  margin: 0 auto;
  padding: 2.5rem 1.5rem 4rem;
}
a { color: var(--link); text-underline-offset: 0.2em; text-decoration-thickness: 1px; }
h1, h2, dd { font-size: 1.0625rem; font-weight: 650; }
h1 { font-size: 1.375rem; letter-spacing: -0.01em; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 1.75rem; }
nav, dl { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin-left: auto; }
dl { column-gap: 2rem; }
dl div { display: flex; align-items: baseline; gap: 0.6rem; }
.quiet, th, dt, .summary, .incomplete, td::before { color: var(--quiet); font-weight: 400; }
th, dt, td::before, td .quiet { font-size: 0.8125rem; }
.summary { margin: 0.3rem 0 2rem; }
.incomplete { padding: 0.5rem 1.25rem 0; font-size: 0.8125rem; }
section { background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; margin-bottom: 1.25rem; overflow: hidden; }
section > header { padding: 0.9rem 1.25rem; border-bottom: 1px solid var(--line); }
table { width: 100%; table-layout: fixed; border-collapse: collapse; margin: 0.4rem 0 0.6rem; }
th { text-align: left; }
th, td { padding: 0.35rem 0 0.35rem 1.25rem; vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 1.25rem; }
th:nth-child(1) { width: 16%; }
th:nth-child(2) { width: 11%; }
.budgets th:nth-child(n) { width: 25%; }
td:first-child { font-weight: 500; overflow-wrap: anywhere; }
time, .state, .age { white-space: nowrap; }
time:has(+ .age) { margin-right: 0.35em; }
.state::before { content: ""; display: inline-block; width: 0.5em; height: 0.5em; margin-right: 0.5em; border-radius: 50%; background: currentColor; vertical-align: 0.1em; }
.ok { color: var(--good); }
.failing { color: var(--bad); }
.untried { color: var(--quiet); }
td.more { padding-top: 0.1rem; padding-bottom: 0.6rem; font-weight: 400; }
td.more p { border-left: 2px solid var(--line); padding-left: 0.8rem; max-width: 62rem; overflow-wrap: anywhere; }
td.more p.bad { border-color: var(--bad); }
.empty { padding: 1rem 1.25rem; }
@media (max-width: 60rem) {
  nav, dl { margin-left: 0; }
  thead { display: none; }
  tr { display: block; padding: 0.35rem 0; }
  tr + tr:not(:has(.more)) { border-top: 1px solid var(--line); }
  td { display: grid; grid-template-columns: 8.5rem 1fr; padding-block: 0.1rem; }
  td:first-child { display: block; }
  td::before { content: attr(data-label); }
  td.more::before { content: none; }
}
`;

/** The style sheet as the page's Content-Security-Policy names it. */
export const STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;
