import { z } from 'zod';
import { type Fixed, fromNumber, parseDecimal } from '../../../src/core/values/money.ts';
import type { Simulator } from '../../simulators/kit/service.ts';

/** 22 November 2026, a little before noon. */
export const NOON = Date.UTC(2026, 10, 22, 11, 47, 13);

/** An amount in a response, parsed exactly and without the program's own parser. */
export const Amount = z
  .union([z.number(), z.string().regex(/^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$/)])
  .transform((value): Fixed => (typeof value === 'number' ? fromNumber(value) : parseDecimal(value)));

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: unknown;
}

/** Asks a simulator with plain `fetch`; headers in `extra` replace the authorization that fits. */
export async function ask(
  simulator: Pick<Simulator, 'url' | 'key'>,
  path: string,
  extra: Record<string, string> = {},
  init: RequestInit = {},
): Promise<Answered> {
  const headers = { authorization: `Bearer ${simulator.key}`, ...extra };
  const response = await fetch(`${simulator.url}${path}`, { ...init, headers });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}

export function sum(values: readonly Fixed[]): Fixed {
  return values.reduce((total, value) => total + value, 0n);
}
