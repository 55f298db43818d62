// Runs in the browser, without a build step. Everything here is a comfort: the page works without it.

const REFRESH_MS = 20_000;
const SEARCH_PAUSE_MS = 250;

/** Counts loads, so that a slow answer does not replace a newer one. */
let load = 0;
/** The id of the bar whose values are shown. */
let selected;
let refreshTimer;
let searchTimer;

document.documentElement.classList.add('script');
start();

function start() {
  document.addEventListener('click', onClick);
  document.addEventListener('submit', onSubmit);
  document.addEventListener('input', onInput);
  document.addEventListener('keydown', onKey);
  document.addEventListener('pointermove', onPointer);
  document.addEventListener('visibilitychange', () => document.hidden || refresh());
  addEventListener('popstate', () => void show(location.href, false));
  prepare();
  plan();
}

// Loading

/** Fetches a page and replaces the main part. State lives in the address only. */
async function show(url, isNew) {
  const mine = ++load;
  const main = document.getElementById('main');
  main.setAttribute('aria-busy', 'true');
  try {
    const response = await fetch(url, { headers: { accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const next = page.getElementById('main');
    if (mine !== load) return;
    if (!next) return say(`The exporter answered ${response.status}; showing the last answer.`);
    if (isNew) history.pushState(null, '', url);
    replace(main, next);
  } catch {
    if (mine === load) say('Connection lost; showing the last answer.');
  } finally {
    document.getElementById('main').removeAttribute('aria-busy');
    plan();
  }
}

function plan() {
  clearTimeout(refreshTimer);
  refreshTimer = setTimeout(refresh, REFRESH_MS);
}

function refresh() {
  if (document.hidden || isEditing()) plan();
  else void show(location.href, false);
}

/** A form that is being filled in must not change under the reader's hands. */
function isEditing() {
  const { activeElement: active } = document;
  return (active?.matches('input, select') && active.id !== 'search') || String(getSelection()) !== '';
}

function say(text) {
  const live = document.querySelector('[data-live]');
  if (live) live.textContent = text;
}

/** Swaps the main part and restores what the reader had opened, focused, scrolled and typed. */
function replace(main, next) {
  const open = new Map([...main.querySelectorAll('details[id]')].map((each) => [each.id, each.open]));
  const scrolls = [...main.querySelectorAll('.scroll')].map((each) => each.scrollLeft);
  const focus = focusOf(main);
  const top = scrollY;
  main.replaceWith(next);
  for (const each of next.querySelectorAll('details[id]:not(.pop)'))
    each.open = open.get(each.id) ?? each.open;
  for (const [index, each] of [...next.querySelectorAll('.scroll')].entries())
    each.scrollLeft = scrolls[index] ?? 0;
  prepare();
  restoreFocus(next, focus);
  scrollTo({ top, behavior: 'instant' });
}

function focusOf(main) {
  const active = document.activeElement;
  if (!active || !main.contains(active)) return undefined;
  const same = [...main.querySelectorAll(active.tagName)].filter(
    (each) => each.textContent === active.textContent,
  );
  const { id, tagName, textContent, value, selectionStart } = active;
  return { id, tagName, textContent, value, selectionStart, place: same.indexOf(active), bucket: selected };
}

function restoreFocus(next, focus) {
  if (!focus) return;
  const same = [...next.querySelectorAll(focus.tagName)].filter(
    (each) => each.textContent === focus.textContent,
  );
  const target = (focus.id && document.getElementById(focus.id)) || same[focus.place] || same[0] || next;
  if (target.id === 'search') target.value = focus.value;
  target.focus({ preventScroll: true });
  if (target.id === 'search') target.setSelectionRange(focus.selectionStart, focus.selectionStart);
  if (focus.bucket && target.matches('[data-chart]')) select(bucketById(focus.bucket));
}

// Links and forms

function onClick(event) {
  const bucket = event.target.closest('[data-bucket]');
  const link = bucket ? linkOfBucket(bucket) : event.target.closest('a[data-keep]');
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain) return;
  event.preventDefault();
  void show(link.href, true);
}

/** A bar opens what its row in the table behind the chart opens. */
function linkOfBucket(bucket) {
  const rows = document.querySelectorAll('#chart-data tbody tr');
  const bars = [...document.querySelectorAll('[data-bucket]')];
  return rows[bars.length - 1 - bars.indexOf(bucket)]?.querySelector('a');
}

function onSubmit(event) {
  const form = event.target;
  if (form.method !== 'get') return;
  event.preventDefault();
  void show(`?${new URLSearchParams(new FormData(form))}`, true);
}

function onInput({ target }) {
  if (target.id !== 'search') return;
  clearTimeout(searchTimer);
  searchTimer = setTimeout(() => {
    const url = `?${new URLSearchParams(new FormData(target.form))}`;
    history.replaceState(null, '', url);
    void show(url, false);
  }, SEARCH_PAUSE_MS);
}

// Chart

function prepare() {
  selected = undefined;
  const chart = document.querySelector('[data-chart]');
  if (!chart) return;
  chart.tabIndex = 0;
  chart.setAttribute('role', 'group');
  chart.setAttribute('aria-label', 'Chart: arrow keys show the values of a bar, Enter opens it');
  for (const title of chart.querySelectorAll('[data-bucket] > title')) {
    title.parentNode.dataset.values = title.textContent;
    title.remove();
  }
  const name = chart.querySelector('#chart-title');
  chart.querySelector('.plot').setAttribute('aria-label', name.textContent);
  chart.querySelector('.plot').removeAttribute('aria-labelledby');
  chart.querySelector('.plot').setAttribute('aria-describedby', 'chart-summary');
  name.remove();
  const box = document.createElement('div');
  box.className = 'values';
  box.hidden = true;
  box.setAttribute('aria-live', 'polite');
  chart.append(box);
}

function onPointer({ target, clientX }) {
  const bucket = target.closest?.('[data-bucket]');
  if (bucket) select(bucket, clientX);
  else if (selected && !document.activeElement?.matches('[data-chart]')) select(undefined);
}

function bucketById(id) {
  return [...document.querySelectorAll('[data-bucket]')].find((each) => each.dataset.bucket === id);
}

function select(bucket, clientX) {
  const chart = document.querySelector('[data-chart]');
  const box = chart?.querySelector('.values');
  if (!box) return;
  if (bucket?.dataset.bucket !== selected) {
    for (const each of chart.querySelectorAll('.bucket.selected')) each.classList.remove('selected');
    bucket?.classList.add('selected');
    selected = bucket?.dataset.bucket;
    box.hidden = !bucket;
    const [head = '', ...lines] = (bucket?.dataset.values ?? '').split('\n');
    const strong = document.createElement('strong');
    strong.textContent = head;
    box.replaceChildren(strong, ...lines.map(lineOf));
  }
  if (!bucket) return;
  const frame = chart.getBoundingClientRect();
  const bar = bucket.querySelector('.hit').getBoundingClientRect();
  const x = (clientX ?? bar.left + bar.width / 2) - frame.left;
  const left = x + 16 + box.offsetWidth > frame.width ? x - 16 - box.offsetWidth : x + 16;
  box.style.left = `${Math.max(0, left)}px`;
}

function lineOf(text) {
  const line = document.createElement('div');
  const at = text.lastIndexOf(': ');
  const name = document.createElement('span');
  name.textContent = text.slice(0, at);
  line.append(name, text.slice(at + 2));
  return line;
}

// Keyboard

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') return onEscape();
  if (event.target.matches('input, select, textarea')) return;
  if (event.key === '/') {
    event.preventDefault();
    document.getElementById('search')?.focus();
  } else if (event.target.matches('[data-chart]')) onChartKey(event);
}

function onEscape() {
  select(undefined);
  for (const each of document.querySelectorAll('details.pop[open]')) {
    each.open = false;
    each.querySelector('summary').focus();
  }
}

function onChartKey(event) {
  const bars = [...document.querySelectorAll('[data-bucket]')];
  const at = bars.findIndex((each) => each.dataset.bucket === selected);
  const to = {
    ArrowLeft: at < 0 ? bars.length - 1 : at - 1,
    ArrowRight: at + 1,
    Home: 0,
    End: bars.length - 1,
  }[event.key];
  if (to !== undefined && bars[to]) {
    event.preventDefault();
    select(bars[to]);
  } else if (event.key === 'Enter' && bars[at]) {
    const link = linkOfBucket(bars[at]);
    if (link) void show(link.href, true);
  }
}
