/** Long work as a generator: between any two of its steps something else may be done. */
export type Steps<Result> = Generator<undefined, Result>;

/** Takes all steps at once. */
export function takeAll<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
