import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { serveWeb, webFolder } from '../../../test/support/exporter/web.ts';
import {
  type SeriesQuestion,
  type SeriesReport,
  TooManyQuestionsError,
  TooManyRowsError,
} from '../../core/reports/cost-series.ts';
import type { KnownResource } from '../../core/reports/labels.ts';
import { DAY, type Instant } from '../../core/values/time.ts';
import type { ServerOptions } from '../server.ts';

const START = Date.parse('2026-11-01');

/** Two rows, of which the second has an unknown value. */
function someSeries(question: SeriesQuestion, labels: readonly string[] = ['a', 'b']): SeriesReport {
  const [first = '', second = ''] = labels;
  const label = (text: string) => question.by.map((_, place) => (place === 0 ? text : 'x'));
  const row = (text: string, values: readonly (bigint | undefined)[], total: bigint | undefined) =>
    ({ labels: label(text), values, total, held: values.map((value) => value ?? 0n) }) as const;
  const other = question.top === undefined ? undefined : { values: [0n, 1n], total: 1n, held: [0n, 1n] };
  return {
    ...question,
    buckets: [START, START + DAY],
    series: [
      row(first, [12_500_000_000_000n, -1n], 12_499_999_999_999n),
      row(second, [0n, undefined], undefined),
    ],
    other,
    total: { values: [12_500_000_000_000n, undefined], total: undefined, held: [12_500_000_000_000n, 0n] },
    limits: [],
    unknown: [],
  };
}

async function served(t: TestContext, options: Partial<ServerOptions> = {}) {
  const now = (): Instant => Date.parse('2026-11-02T12:00:00Z');
  const series = async (question: SeriesQuestion) => someSeries(question);
  const web = await serveWeb(t, webFolder(t), '', { now, series, ...options });
  return {
    ...web,
    api: `${web.url}/api/v1/costs/series`,
    get: async (query: string) => (await fetch(`${web.url}/api/v1/costs/series?${query}`)).text(),
  };
}

test('cost series API: answers the pinned JSON text', async (t) => {
  const { api } = await served(t);
  const response = await fetch(`${api}?by=provider`);
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(response.headers.get('vary'), 'accept');
  assert.equal(
    await response.text(),
    '{"step":"day","from":"2026-11-01","to":"2026-11-03","by":["provider"],"buckets":["2026-11-01","2026-11-02"],' +
      '"series":[{"labels":{"provider":"a"},"values":["12.5","-0.000000000001"],"total":"12.499999999999"},' +
      '{"labels":{"provider":"b"},"values":["0",null],"total":null}],' +
      '"other":null,"total":{"values":["12.5",null],"total":null}}\n',
  );
});

test('cost series API: names buckets by their step, and limits and unknown accounts only where there are any', async (t) => {
  const limit = {
    provider: 'p',
    account: 'a',
    finestStep: 'day',
    start: START,
    end: START + DAY / 2,
  } as const;
  const unread = { provider: 'p', account: 'b', reason: 'nothing_read' } as const;
  const { get } = await served(t, {
    series: async (question) => ({
      ...someSeries(question),
      limits: question.step === 'hour' ? [limit] : [],
      unknown: question.step === 'hour' ? [unread] : [],
    }),
  });
  const hours = JSON.parse(await get('step=hour&top=1&from=2026-11-01T00:00:00Z'));
  assert.deepEqual(hours.buckets, ['2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z']);
  assert.deepEqual(hours.other, { values: ['0', '0.000000000001'], total: '0.000000000001' });
  assert.deepEqual(hours.limits, [
    { provider: 'p', account: 'a', finestStep: 'day', from: '2026-11-01', to: '2026-11-01T12:00:00Z' },
  ]);
  assert.deepEqual(JSON.parse(await get('step=month')).buckets, ['2026-11', '2026-11']);
  assert.deepEqual(hours.unknown, [unread]);
  const days = JSON.parse(await get(''));
  assert.ok(!('limits' in days) && !('unknown' in days));
});

test('cost series API: CSV quotes cells, and a spreadsheet takes no label for a formula', async (t) => {
  const labels = [
    ['=1+1', '@x'],
    ['+1', '-1'],
    ['\tx', '\rx'],
    ['a,"b"\nc', ''],
  ];
  let asked = 0;
  const { api, get } = await served(t, { series: async (question) => someSeries(question, labels[asked++]) });
  const response = await fetch(`${api}?by=model,tier&top=5`, { headers: { accept: 'text/csv' } });
  assert.equal(response.headers.get('content-type'), 'text/csv; charset=utf-8');
  assert.equal(
    response.headers.get('content-disposition'),
    'attachment; filename="cost-2026-11-01-2026-11-03-by-day.csv"',
  );
  const lines = (text: string) => text.split('\r\n');
  assert.deepEqual(lines(await response.text()), [
    'bucket,model,tier,value',
    "2026-11-01,'=1+1,x,12.5",
    "2026-11-02,'=1+1,x,-0.000000000001",
    "2026-11-01,'@x,x,0",
    "2026-11-02,'@x,x,",
    '2026-11-01,(other),,0',
    '2026-11-02,(other),,0.000000000001',
    '',
  ]);
  assert.deepEqual(lines(await get('format=csv&by=model')).slice(1, 4), [
    "2026-11-01,'+1,12.5",
    "2026-11-02,'+1,-0.000000000001",
    "2026-11-01,'-1,0",
  ]);
  const csv = await get('format=csv&by=model');
  assert.match(csv, /^2026-11-01,'\tx,12\.5\r\n/m);
  assert.match(csv, /^2026-11-01,"'\rx",0\r\n/m);
  assert.match(
    await get('format=csv&by=model'),
    /^2026-11-01,"a,""b""\nc",12\.5\r\n[\s\S]*^2026-11-02,,\r\n/m,
  );
});

test('cost series API: refuses a query with a sentence, and is asked nothing then', async (t) => {
  const { api } = await served(t, { series: async () => assert.fail('asked') });
  const form = 'format must be json or csv, given once';
  const table: [query: string, error: RegExp][] = [
    ['step=week', /^step must be one of hour, day, month, not "week"$/],
    ['x=1', /^unknown parameter "x"; expected from, /],
    ['format=xml', new RegExp(`^${form}$`)],
    ['format=csv&format=csv', new RegExp(`^${form}$`)],
    [`by=${'model,'.repeat(2000)}`, /^by repeats model; name each label once$/],
    [`match[model]=${'*a'.repeat(5000)}`, /^a pattern has at most 256 characters/],
    ['match[__proto__]=x', /^the label of match must be one of /],
  ];
  for (const [query, error] of table) {
    const response = await fetch(`${api}?${query}`);
    assert.equal(response.status, 400, query);
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
    assert.match(JSON.parse(await response.text()).error, error);
  }
  assert.equal((await fetch(`${api}?${'match[model]=a&'.repeat(100_000)}`)).status, 431);
});

test('cost series API: too many rows are the fault of the question, too many questions of nobody', async (t) => {
  let error: Error = new TooManyRowsError('1001 series');
  const { api, errors } = await served(t, { series: () => Promise.reject(error) });
  const rows = await fetch(api);
  assert.deepEqual([rows.status, await rows.json()], [400, { error: '1001 series' }]);
  error = new TooManyQuestionsError();
  const busy = await fetch(api);
  assert.deepEqual([busy.status, busy.headers.get('retry-after')], [503, '5']);
  assert.deepEqual(await busy.json(), { error: error.message });
  assert.deepEqual(errors, []);
});

test('cost series API: HEAD has the headers and no body', async (t) => {
  const { api } = await served(t);
  const [status, type, body] = await new Promise<unknown[]>((resolve, reject) => {
    const asked = request(api, { method: 'HEAD' }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () =>
        resolve([response.statusCode, response.headers['content-type'], Buffer.concat(parts).length]),
      );
    });
    asked.on('error', reject).end();
  });
  assert.deepEqual([status, type, body], [200, 'application/json; charset=utf-8', 0]);
});

test('resources API: lists what is known of each resource', async (t) => {
  const known: KnownResource = {
    provider: 'baseten',
    account: 'prod',
    resource: 'dep-"1"',
    name: 'chat',
    kind: 'deployment',
    project: '',
    team: 'search',
    environment: 'production',
  };
  let resources: readonly KnownResource[] = [known, { ...known, resource: 'dep-2' }];
  const { url } = await served(t, { resources: () => resources });
  const answer = async () => (await fetch(`${url}/api/v1/resources`)).json();
  assert.deepEqual(await answer(), { resources });
  resources = Array.from({ length: 5000 }, (_, index) => ({ ...known, resource: `dep-${index}` }));
  assert.deepEqual(await answer(), { resources });
  resources = [];
  assert.deepEqual(await answer(), { resources });
});
