import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ALERT_BY_REASON, failuresOf } from '../deploy/prometheus/src/failing.ts';
import { GROUPS } from '../deploy/prometheus/src/groups.ts';
import { RHYTHMS, rhythmOf } from '../deploy/prometheus/src/rhythms.ts';
import { isAlert } from '../deploy/prometheus/src/rule.ts';
import { POLL_FAILURES } from '../src/providers/api/errors.ts';
import { PROVIDERS } from '../src/providers/index.ts';
import { EXPOSED, unknownNames } from './support/programs/promql.ts';

const rules = GROUPS.flatMap((group) => group.rules);
const alerts = rules.filter(isAlert);
const recordings = rules.flatMap((rule) => (isAlert(rule) ? [] : [rule]));
const known = new Map([
  ...EXPOSED,
  ...recordings.map(({ record }) => [record, [...new Set([...EXPOSED.values()].flat())]] as const),
]);

test('health rules: every feed has one maximum age, and the rule contains it', () => {
  const expr = recordings.find(({ record }) => record === 'ai_billing:feed_allowed_age:seconds')?.expr ?? '';
  const terms = [...expr.matchAll(/^(\d+) \* .*provider="(\w+)",feed=~"([\w|]+)"/gm)];
  const allowed = terms.flatMap(([, seconds, provider, names = '']) =>
    names.split('|').map((feed) => `${provider} ${feed} ${seconds}`),
  );
  const wanted = RHYTHMS.map(({ provider, feed, allowedSeconds }) => `${provider} ${feed} ${allowedSeconds}`);
  assert.deepEqual(allowed.toSorted(), wanted.toSorted());
  const feeds = PROVIDERS.flatMap(({ id, feeds }) => feeds.map(({ name }) => `${id} ${name}`));
  assert.deepEqual(RHYTHMS.map(({ provider, feed }) => `${provider} ${feed}`).toSorted(), feeds.toSorted());
});

test('health rules: maximum ages suit the poll intervals', () => {
  const hoursOf = (provider: string, feed: string) => {
    const rhythm = RHYTHMS.find((one) => one.provider === provider && one.feed === feed);
    return (rhythm?.allowedSeconds ?? 0) / 3600;
  };
  // Minutes, a list of every five minutes, and days that move by the hour.
  assert.deepEqual(
    [hoursOf('venice', 'usage'), hoursOf('venice', 'balance'), hoursOf('baseten', 'usage')],
    [0.5, 0.5, 3],
  );
  // An hour, the wait until it is due, and the time until it is read.
  assert.equal(hoursOf('northflank', 'usage'), 1 + 0.25 + 2);
  // Hourly, every six hours, daily, and history in which nothing is new for long.
  assert.deepEqual(
    [
      hoursOf('venice', 'usage_recent'),
      hoursOf('baseten', 'prices'),
      hoursOf('inference_sh', 'breakdown_90d'),
    ],
    [3, 8, 26],
  );
  assert.equal(hoursOf('northflank', 'usage_history'), 26.25);
});

test('health rules: a feed of completed days may be as old as its newest day, and no older', () => {
  const provider = PROVIDERS.find(({ id }) => id === 'baseten') ?? assert.fail();
  const [usage = assert.fail()] = provider.feeds;
  const stream = { name: 'usage', granularity: 'day', settleMs: 0, closedBuckets: true } as const;
  const hoursOf = (schedule: string, more: object = {}) => {
    const feed = { ...usage, schedule, stream: { ...stream, ...more } };
    return rhythmOf({ ...provider, feeds: [feed] }, feed).allowedSeconds / 3600;
  };
  // A day, the interval of its polls, and how late it may be billed.
  assert.equal(hoursOf('30 * * * *'), 24 + 1 + 2);
  assert.equal(hoursOf('*/5 * * * *'), 24 + 1 + 2);
  assert.equal(hoursOf('45 0 * * *'), 24 + 24 + 2);
  assert.equal(hoursOf('30 * * * *', { lagMs: () => 6 * 3_600_000 }), 24 + 1 + 6);
  assert.equal(hoursOf('30 * * * *', { closedBuckets: false }), 1 + 2);
});

test('health rules: a feed name means history for all providers or none', () => {
  const history = new Set(RHYTHMS.filter(({ isHistory }) => isHistory).map(({ feed }) => feed));
  assert.deepEqual(
    RHYTHMS.filter(({ feed, isHistory }) => history.has(feed) && !isHistory),
    [],
  );
});

test('health rules: every poll failure reason has one alert', () => {
  for (const reason of Object.keys(POLL_FAILURES)) {
    const tellers = alerts.filter(({ expr }) =>
      [...expr.matchAll(/reason=~"([\w|]+)"/g)].some(([, reasons = '']) =>
        reasons.split('|').includes(reason),
      ),
    );
    const names = tellers.map(({ alert }) => alert);
    assert.deepEqual(names, [Object.entries(ALERT_BY_REASON).find(([told]) => told === reason)?.[1]], reason);
  }
  assert.match(failuresOf('AiBillingFeedDown'), /reason=~"network\|server\|timeout"/);
});

test('health rules: metrics queried in annotations exist', () => {
  const queries = alerts.flatMap(({ description }) =>
    [...description.matchAll(/printf `([^`]+)`/g)].map(([, query = '']) => query.replaceAll('%q', '"x"')),
  );
  assert(queries.length > 5);
  for (const query of queries) assert.deepEqual(unknownNames(query, known), [], query);
});

test('runbooks: the index lists every alert, in order', async () => {
  const folder = new URL('../docs/runbooks/', import.meta.url);
  const pages = (await readdir(folder)).filter((name) => name !== 'README.md');
  const index = await readFile(new URL('README.md', folder), 'utf8');
  const listed = [...index.matchAll(/^\| \[(\w+)\]\((\w+)\.md\) \| (\w+) \|/gm)];
  assert.deepEqual(
    listed.map(([, name, page, severity]) => `${name} ${page} ${severity}`),
    alerts.map(({ alert, severity }) => `${alert} ${alert} ${severity}`).toSorted(),
  );
  assert.deepEqual(pages.toSorted(), alerts.map(({ alert }) => `${alert}.md`).toSorted());
});
