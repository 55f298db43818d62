import type { ProviderRateLimit } from '../providers/api/provider.ts';

/** The half of an account's requests that backfill leaves to a running exporter. */
export class Quota {
  readonly #budget: number | undefined;
  #mostRemaining = 0;

  /** @param budget requests that the provider allows in its window; undefined if that is not known. */
  constructor(budget: number | undefined) {
    this.#budget = budget;
  }

  /** Learns from an answer. */
  update({ remaining = 0 }: ProviderRateLimit): void {
    this.#mostRemaining = Math.max(this.#mostRemaining, remaining);
  }

  /** Requests to leave: half of the budget, or of the most that an answer said remained. */
  get reserved(): number {
    return Math.floor((this.#budget ?? this.#mostRemaining) / 2);
  }
}
