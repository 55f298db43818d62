import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type FailureReason, reasonOfStatus } from './errors.ts';

const reasons: Record<FailureReason, number[]> = {
  auth: [401, 402, 403],
  rate_limited: [429],
  timeout: [408],
  network: [],
  server: [500, 501, 502, 503, 504, 520, 599],
  sunset: [410],
  contract: [201, 202, 204, 206, 301, 302, 304, 307, 400, 404, 405, 406, 409, 415, 418, 422, 451],
  config: [],
  storage: [],
};

for (const [reason, statuses] of Object.entries(reasons)) {
  for (const status of statuses) {
    it(`${status} is ${reason}`, () => assert.equal(reasonOfStatus(status), reason));
  }
}
