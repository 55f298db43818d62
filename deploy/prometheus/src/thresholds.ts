/**
 * Every number that decides whether somebody is told, in one place. Dollars are US dollars. `npm run generate` puts them into the
 * rules.
 */
export const THRESHOLDS = {
  /** Feeds fail, and providers are out, for a while; this is no while any more. */
  feedDownFor: '1h',
} as const;

/** Where runbooks are read: the page of an alert is its name with `.md`. */
export const RUNBOOKS = 'https://github.com/ai-billing-exporter/ai-billing-exporter/blob/main/docs/runbooks';
