import type { Range } from '../../../src/core/values/time.ts';

export interface Reply {
  readonly status: number;
  /** Content type; JSON when absent. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is; all else as exact JSON. */
  readonly body: unknown;
  /** The bucket that it is about, of a provider that tells of completed ones. */
  readonly told?: Range;
}
