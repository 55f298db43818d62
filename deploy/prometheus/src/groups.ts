import { health } from './health.ts';
import type { Group } from './rule.ts';

/** Every group of rules: a line each. */
export const GROUPS: readonly Group[] = [health];
