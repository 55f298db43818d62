import { createHash } from 'node:crypto';

/** Colors of groups: told apart with any color vision, and at least 3:1 against the sheet in both schemes. */
const GROUPS: readonly (readonly [light: string, dark: string])[] = [
  ['#1f6fb4', '#5aa9e6'],
  ['#d2690a', '#f2a23c'],
  ['#0a8a63', '#3fc796'],
  ['#a8408a', '#e38fc8'],
  ['#8a7400', '#d9c546'],
  ['#5b4bb3', '#a99cf2'],
  ['#b93226', '#f47b68'],
  ['#17839a', '#6dd3e3'],
];

/** The one style sheet. It loads nothing: no fonts, no images. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f5f2, #121316);
  --sheet: light-dark(#ffffff, #1b1d21);
  --line: light-dark(#e3e0d9, #30333a);
  --ink: light-dark(#1c1e22, #e7e5e0);
  --quiet: light-dark(#5f6269, #a0a3ab);
  --good: light-dark(#1a7347, #5fce96);
  --bad: light-dark(#b3261e, #ff8a80);
  --warn: light-dark(#8a5a00, #e8b45c);
  --link: light-dark(#1d5a9e, #8ab8f0);
  --track: light-dark(#e9e6df, #34373e);
  --other: light-dark(#84878e, #8b8f97);
${GROUPS.map(([light, dark], index) => `  --c${index + 1}: light-dark(${light}, ${dark});`).join('\n')}
}
* { box-sizing: border-box; margin: 0; }
html { scroll-padding-top: 1rem; }
body {
  background: var(--ground);
  color: var(--ink);
  font: 0.9375rem/1.5 system-ui, sans-serif;
  font-variant-numeric: tabular-nums;
  max-width: 116rem;
  margin: 0 auto;
  padding: 1.25rem 1.5rem 3rem;
}
a { color: var(--link); text-underline-offset: 0.2em; text-decoration-thickness: 1px; }
h1 { font-size: 1.25rem; font-weight: 650; letter-spacing: -0.01em; }
h2 { font-size: 1.0625rem; font-weight: 650; }
button, input, select { font: inherit; color: inherit; background: var(--sheet); border: 1px solid var(--line); border-radius: 6px; padding: 0.2rem 0.55rem; }
button { cursor: pointer; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
main:focus { outline: none; }
.hidden, .skip:not(:focus) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.script .without-script { display: none; }
.quiet { color: var(--quiet); font-weight: 400; }
.small { font-size: 0.8125rem; }
.nowrap, time { white-space: nowrap; }
.id { font-size: 0.8125rem; overflow-wrap: anywhere; }
header.top { margin-bottom: 0.3rem; display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 1.5rem; }
header.top nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1.1rem; margin-left: auto; font-size: 0.875rem; }
.summary { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin: 0 0 1rem; color: var(--quiet); font-size: 0.875rem; }
.summary .banner { margin-left: auto; }
.banner a { color: var(--bad); font-weight: 600; }
section { background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; margin-bottom: 1.1rem; padding: 0.9rem 1.1rem; }
section > header { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 1rem; }
code { font-size: 0.9em; }
.empty { padding: 0.6rem 0; color: var(--quiet); }
.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1.1rem; background: none; border: 0; padding: 0; }
.tile { background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; padding: 0.8rem 1.1rem; min-width: 0; }
.tile h2 { font-size: 0.875rem; }
.tile h2 .quiet { font-size: 0.8125rem; }
.tile h2 a { color: inherit; }
.figure { font-size: 1.625rem; font-weight: 650; line-height: 1.3; letter-spacing: -0.015em; }
.note, .missing { font-size: 0.8125rem; color: var(--quiet); }
.missing, .partial, .plus { color: var(--warn); }
.plus { font-weight: 600; white-space: nowrap; }
.missing a { color: inherit; }
.partial { font-size: 0.75rem; font-weight: 500; letter-spacing: 0; border: 1px solid currentColor; border-radius: 4px; padding: 0 0.3em; vertical-align: 0.15em; }
.unknown { color: var(--quiet); font-style: italic; }
.change { font-weight: 600; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) 23rem; gap: 0 1.1rem; align-items: start; }
.sum { margin-left: auto; font-weight: 650; }
.controls { display: flex; flex-wrap: wrap; gap: 0.35rem 1.6rem; margin: 0.6rem 0 0.9rem; font-size: 0.875rem; }
.choices { display: flex; align-items: baseline; gap: 0.6rem; }
.choices > .quiet { font-size: 0.8125rem; white-space: nowrap; }
.links { display: flex; flex-wrap: wrap; gap: 0.15rem 0.2rem; }
.links > a, .pop > summary { padding: 0.1rem 0.45rem; border: 1px solid transparent; border-radius: 6px; text-decoration: none; color: var(--link); cursor: pointer; }
.links > a:hover, .pop > summary:hover { background: var(--track); }
.links > [aria-current], .pop > [aria-current] { background: var(--track); color: var(--ink); font-weight: 600; }
.links > .chip { border-color: var(--line); color: var(--ink); }
.pop { position: relative; }
.pop > summary { list-style: none; }
.form { position: absolute; z-index: 2; top: 1.9rem; left: 0; min-width: 15rem; display: grid; gap: 0.5rem; padding: 0.8rem; background: var(--sheet); border: 1px solid var(--line); border-radius: 8px; box-shadow: 0 6px 20px #0003; }
.form label { display: grid; gap: 0.1rem; font-size: 0.8125rem; color: var(--quiet); }
.form input, .form select { color: var(--ink); }
.chart { position: relative; display: grid; grid-template-columns: 64px minmax(0, 1fr); }
svg { display: block; }
.plot { overflow: visible; }
.chart text { font-size: 11px; fill: var(--quiet); }
.axis text { text-anchor: end; }
.plot .tick { text-anchor: middle; }
.grid, .zero { stroke: var(--line); stroke-width: 1; shape-rendering: crispEdges; }
.zero { stroke: var(--quiet); }
.hit { fill: transparent; }
.script .bucket { cursor: pointer; }
.bucket:hover .hit, .bucket.selected .hit { fill: var(--track); opacity: 0.6; }
.bucket.open > rect:not(.hit) { opacity: 0.6; }
.legend .open { opacity: 0.5; }
.hatch { fill: var(--quiet); opacity: 0.75; }
.gap { stroke: var(--quiet); stroke-width: 0.5; stroke-opacity: 0.5; }
${GROUPS.map((_, index) => `.c${index + 1} { fill: var(--c${index + 1}); }`).join('\n')}
.c-other { fill: var(--other); }
rect.bad { fill: var(--bad); }
.track { fill: var(--track); }
.values { position: absolute; top: 8px; z-index: 1; pointer-events: none; max-width: 20rem; padding: 0.45rem 0.65rem; background: var(--sheet); border: 1px solid var(--line); border-radius: 6px; box-shadow: 0 4px 14px #0003; font-size: 0.8125rem; }
.values div { display: flex; justify-content: space-between; gap: 1.2rem; white-space: nowrap; }
.values span { color: var(--quiet); overflow: hidden; text-overflow: ellipsis; }
.legend { display: flex; flex-wrap: wrap; gap: 0.15rem 1.2rem; padding: 0; margin: 0.6rem 0 0.2rem; list-style: none; font-size: 0.8125rem; }
.legend li { display: flex; align-items: center; gap: 0.4rem; min-width: 0; overflow-wrap: anywhere; }
.legend svg { flex: none; }
.rest { font-size: 0.8125rem; margin-top: 0.5rem; }
details > summary { cursor: pointer; }
#chart-data { margin-top: 0.5rem; font-size: 0.875rem; }
#chart-data > summary, .feeds summary { color: var(--quiet); }
.scroll { overflow-x: auto; }
#chart-data .scroll { max-height: 24rem; overflow-y: auto; }
.data { width: 100%; border-collapse: collapse; font-size: 0.875rem; margin-top: 0.5rem; }
.data th, .data td { padding: 0.3rem 0.9rem 0.3rem 0; text-align: left; vertical-align: baseline; border-top: 1px solid var(--line); }
.data thead th { border-top: 0; color: var(--quiet); font-weight: 400; font-size: 0.8125rem; white-space: nowrap; }
.data thead a { color: inherit; text-decoration: none; }
.data thead [aria-sort] a { color: var(--ink); font-weight: 600; }
.data thead [aria-sort] a::after { content: ""; display: inline-block; margin-left: 0.35em; border: 0.28em solid transparent; vertical-align: 0.05em; }
.data thead [aria-sort="descending"] a::after { border-top-color: currentColor; border-bottom: 0; }
.data thead [aria-sort="ascending"] a::after { border-bottom-color: currentColor; border-top: 0; vertical-align: 0.2em; }
.data tbody th { font-weight: 500; }
.data tfoot th { font-weight: 650; }
.data .number { text-align: right; white-space: nowrap; }
.data th:last-child, .data td:last-child { padding-right: 0; }
.spenders .data th, .spenders .data td { vertical-align: middle; }
.spenders tbody th { overflow-wrap: anywhere; min-width: 9rem; }
.spenders .search { margin-left: auto; }
.search input { width: 12rem; }
.button { border: 1px solid var(--line); border-radius: 6px; padding: 0.2rem 0.65rem; text-decoration: none; font-size: 0.875rem; }
.share { white-space: nowrap; color: var(--quiet); }
.share svg { display: inline-block; margin-right: 0.4rem; }
.course { width: 120px; }
.spark path { fill: var(--c1); opacity: 0.75; }
.plain { list-style: none; padding: 0; }
.plain > li + li { border-top: 1px solid var(--line); margin-top: 0.55rem; padding-top: 0.55rem; }
.small.plain > li + li { border: 0; margin: 0; padding: 0; }
.card { font-size: 0.875rem; overflow-wrap: anywhere; }
.card h2 { margin-bottom: 0.5rem; font-size: 1rem; }
.line { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 0.8rem; }
.remark { border-left: 3px solid var(--warn); padding-left: 0.7rem; }
.plain > .remark + .remark { border-top: 0; padding-top: 0; }
.remark.bad { border-color: var(--bad); }
.percent { font-weight: 600; }
.pace { margin: 0.25rem 0; }
.expected { stroke: var(--ink); stroke-width: 2; }
.forecast { stroke: var(--warn); stroke-width: 2; stroke-dasharray: 3 2; }
.state::before { content: ""; display: inline-block; width: 0.5em; height: 0.5em; margin-right: 0.45em; border-radius: 50%; background: currentColor; vertical-align: 0.1em; }
.ok { color: var(--good); }
.failing { color: var(--bad); }
.untried { color: var(--quiet); }
.feeds details + details { margin-top: 0.5rem; }
.more td { border-top: 0; padding-top: 0; }
.more p { border-left: 2px solid var(--line); padding-left: 0.8rem; max-width: 62rem; overflow-wrap: anywhere; }
@media (max-width: 75rem) {
  .columns { grid-template-columns: minmax(0, 1fr); }
  .side { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 1.1rem; align-items: start; }
}
@media (max-width: 60rem) {
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.7rem; }
  .tiles + * { margin-top: 0; }
}
@media (max-width: 40rem) {
  body { padding: 0.9rem 0.75rem 2rem; }
  section, .tile { padding: 0.7rem 0.8rem; }
  header.top nav, .summary .banner { margin-left: 0; }
  .figure { font-size: 1.25rem; }
  .tile h2 .quiet { display: block; }
  .minor { display: none; }
  .side { grid-template-columns: minmax(0, 1fr); }
  .choices { flex-wrap: wrap; gap: 0 0.6rem; }
  .controls { gap: 0.5rem; flex-direction: column; }
  .form { position: static; margin-top: 0.3rem; }
  .spenders .search { margin-left: 0; }
  .spenders .course, .spenders .share, .difference { display: none; }
  .data th, .data td { padding-right: 0.6rem; }
  .spenders tbody th { min-width: 8rem; }
  .chart { grid-template-columns: 48px minmax(0, 1fr); }
  .axis { width: 48px; overflow: visible; }
  .axis text { transform: translateX(-16px); }
}
@media print {
  body { max-width: none; padding: 0; background: none; font-size: 10pt; }
  header.top nav, .controls, .search, .button, .skip, .feeds, #chart-data:not([open]) { display: none; }
  section, .tile { break-inside: avoid; border-color: #bbb; }
  .columns { display: block; }
  rect, path { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;

/** The style sheet as the page's Content-Security-Policy names it. */
export const STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;
