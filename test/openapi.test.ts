import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BUDGET_LABELS, PERIODS } from '../src/core/reports/budget.ts';
import { UNKNOWN_REASONS } from '../src/core/reports/cost-query.ts';
import { SERIES_LABELS, SERIES_MEASURES, STEPS } from '../src/core/reports/cost-series.ts';
import { WINDOWS } from '../src/core/reports/windows.ts';
import { POLL_FAILURES } from '../src/providers/api/errors.ts';
import { packageVersion } from '../src/runtime/version.ts';
import { createServer } from '../src/server/server.ts';
import {
  createResponseValidator,
  type OpenApi,
  readOpenApi,
  schemasOf,
} from './support/exposition/openapi.ts';

const document = await readOpenApi();

const unasked = () => {
  throw new Error('not asked for');
};
/** For a server whose routes are listed, without requests. */
const NOTHING = {
  metrics: { answer: unasked },
  ready: unasked,
  status: unasked,
  overview: unasked,
  costs: unasked,
  series: unasked,
  resources: unasked,
  focus: unasked,
  now: unasked,
  onError: unasked,
};

/** The required fields of schemas that have others, too. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  Cost: ['usd'],
  SeriesLabels: [],
  CostSeries: ['step', 'from', 'to', 'by', 'buckets', 'series', 'other', 'total'],
};

describe('docs/openapi.yaml', () => {
  test('has the package version and every served path and method', () => {
    assert.equal(document.info.version, packageVersion());
    const served = createServer(NOTHING).printRoutes({ commonPrefix: false });
    const all = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map(
        (method) => `${path} ${method === 'get' ? 'GET, HEAD' : method.toUpperCase()}`,
      ),
    );
    assert.deepEqual(all.sort(), routesOf(served).sort());
  });

  test('lists the enum values of the program', () => {
    const { Window, Failure, UnknownCosts, Budget } = document.components.schemas;
    const [window, by] = document.paths['/api/v1/costs']?.get?.parameters ?? [];
    assert.deepEqual(Window?.enum, WINDOWS);
    assert.deepEqual([window?.name, window?.schema.$ref], ['window', '#/components/schemas/Window']);
    assert.deepEqual([by?.name, by?.schema.items?.enum], ['by', BUDGET_LABELS]);
    assert.deepEqual(Failure?.properties?.reason?.enum, Object.keys(POLL_FAILURES));
    assert.deepEqual(UnknownCosts?.properties?.reason?.enum, UNKNOWN_REASONS);
    assert.deepEqual(Budget?.properties?.period?.enum, PERIODS);
    const { Step, SeriesMeasure, SeriesLabel, SeriesLabels } = document.components.schemas;
    assert.deepEqual(
      [Step?.enum, SeriesMeasure?.enum, SeriesLabel?.enum],
      [STEPS, SERIES_MEASURES, SERIES_LABELS],
    );
    assert.deepEqual(Object.keys(SeriesLabels?.properties ?? {}), SERIES_LABELS);
    const series = document.paths['/api/v1/costs/series']?.get?.parameters ?? [];
    const patterns = SERIES_LABELS.map((label) => `match[${label}]`);
    const names = ['from', 'to', 'step', 'by', 'top', 'measure', 'format', ...patterns];
    assert.deepEqual(
      series.map(({ name }) => name),
      names,
    );
  });

  test('is strict: every field is required and no other allowed, except for labels and limits', () => {
    for (const { at, schema } of schemasOf(document)) {
      if (schema.type !== 'object') continue;
      assert.equal(schema.additionalProperties, false, at);
      const fields = REQUIRED[at] ?? Object.keys(schema.properties ?? {});
      assert.deepEqual(schema.required, fields, at);
    }
  });

  test('has valid examples', () => {
    const validator = createResponseValidator(document);
    const examples = [...schemasOf(document)].flatMap(({ at, schema }) =>
      (schema.examples ?? []).map((example) => ({ at, schema, example })),
    );
    assert.ok(examples.length > 10);
    for (const { at, schema, example } of examples) validator.fits(schema, example, at);
  });
});

/** Paths and methods of fastify's tree, four columns a level. */
function routesOf(tree: string): string[] {
  const trail: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods] = /^([│├└─ ]*)(\S+)(?: \((.+)\))?$/.exec(line) ?? [];
    if (part === '') return [];
    const depth = indent.length / 4;
    trail.splice(depth - 1, trail.length, part);
    return methods === undefined ? [] : [`${trail.join('')} ${methods}`];
  });
}

describe('the response validator', () => {
  const small: OpenApi = {
    info: { version: '1' },
    paths: {
      '/a': {
        get: {
          responses: {
            '200': { content: { 'application/json': { schema: { $ref: '#/components/schemas/A' } } } },
            '400': { content: { 'text/plain': { schema: { type: 'string' } } } },
          },
        },
      },
    },
    components: {
      responses: {},
      schemas: {
        A: {
          type: 'object',
          additionalProperties: false,
          required: ['b', 'c'],
          properties: {
            b: { type: ['string', 'null'] },
            c: { type: 'array', items: { oneOf: [{ $ref: '#/components/schemas/C' }, { type: 'null' }] } },
          },
        },
        C: {
          type: 'object',
          additionalProperties: false,
          required: [],
          properties: { d: { type: 'integer' } },
        },
      },
    },
  };
  const answered = (body: unknown, status = 200, type = 'application/json') =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': type } });

  test('rejects undocumented responses', async () => {
    const { validate } = createResponseValidator(small);
    await validate('get', '/a', answered({ b: null, c: [{}, null] }));
    const refused: [response: Response, why: RegExp][] = [
      [answered({ b: '', c: [], e: 1 }), /must NOT have additional properties/],
      [answered({ b: '' }), /must have required property 'c'/],
      [answered({ b: 1, c: [] }), /b must be string,null/],
      [answered({ b: '', c: [{ d: 1.5 }] }), /d must be integer/],
      [answered({ b: '', c: [] }, 201), /201 application\/json is not documented/],
      [answered('', 400), /400 application\/json is not documented/],
    ];
    for (const [response, why] of refused) await assert.rejects(validate('get', '/a', response), why);
    await assert.rejects(validate('post', '/a', answered({})), /not documented/);
    await assert.rejects(validate('get', '/b', answered({})), /not documented/);
  });

  test('reports documented responses that never occurred', async () => {
    const { validate, unseen } = createResponseValidator(small);
    const all = unseen();
    assert.deepEqual(all.slice(0, 3), [
      'get /a 200 application/json',
      'get /a 200 application/json: object',
      'A.b: string',
    ]);
    await validate('get', '/a', answered({ b: null, c: [{}] }));
    assert.deepEqual(unseen(), [
      'A.b: string',
      'C.d: integer',
      'A.c[]: null',
      'get /a 400 text/plain',
      'get /a 400 text/plain: string',
    ]);
    await validate('get', '/a', answered({ b: '', c: [{ d: 1 }, null] }));
    await validate('get', '/a', answered('', 400, 'text/plain'));
    assert.deepEqual(unseen(), []);
  });
});
