import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pathOf, targetOf } from './url.ts';

const bases: { baseUrl: string; prefix: string; origin: string; basePath: string }[] = [
  {
    baseUrl: 'https://api.venice.ai',
    prefix: '/api/v1',
    origin: 'https://api.venice.ai',
    basePath: '/api/v1',
  },
  {
    baseUrl: 'https://api.venice.ai/api/v1',
    prefix: '/api/v1',
    origin: 'https://api.venice.ai',
    basePath: '/api/v1',
  },
  {
    baseUrl: 'https://api.venice.ai/api/v1/',
    prefix: '/api/v1',
    origin: 'https://api.venice.ai',
    basePath: '/api/v1',
  },
  { baseUrl: 'http://[::1]:8080/mock//', prefix: '/v1', origin: 'http://[::1]:8080', basePath: '/mock/v1' },
  { baseUrl: 'http://h/mock/v1', prefix: '/v1', origin: 'http://h', basePath: '/mock/v1' },
  { baseUrl: 'http://h/api-v1', prefix: '/v1', origin: 'http://h', basePath: '/api-v1/v1' },
  { baseUrl: 'http://h', prefix: '', origin: 'http://h', basePath: '' },
  { baseUrl: 'http://h/v1/', prefix: '', origin: 'http://h', basePath: '/v1' },
];

describe('targetOf', () => {
  for (const { baseUrl, prefix, origin, basePath } of bases) {
    it(`${baseUrl} with the prefix "${prefix}"`, () => {
      assert.deepEqual(targetOf(baseUrl, prefix), { origin, basePath });
    });
  }
});

describe('pathOf', () => {
  it('repeats a parameter for each value of its list', () => {
    const request = {
      path: '/costs',
      query: { limit: '7' },
      lists: { 'group_by[]': ['a', 'b c'], none: [] },
    };
    assert.equal(pathOf('/v1', request), '/v1/costs?limit=7&group_by%5B%5D=a&group_by%5B%5D=b+c');
  });

  it('adds no question mark without a query', () => {
    assert.equal(pathOf('/v1', { path: '/usage' }), '/v1/usage');
    assert.equal(pathOf('/v1', { path: '/usage', query: {} }), '/v1/usage');
  });

  it('escapes values, not the path', () => {
    const request = { path: '/a%2Fb', query: { start: '2026-11-01T00:00:00.000Z', q: 'a&b=c d+é' } };
    assert.equal(pathOf('', request), '/a%2Fb?start=2026-11-01T00%3A00%3A00.000Z&q=a%26b%3Dc+d%2B%C3%A9');
  });
});
