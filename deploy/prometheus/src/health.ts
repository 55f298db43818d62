import type { Group } from './rule.ts';
import { THRESHOLDS } from './thresholds.ts';

export const health: Group = {
  name: 'ai-billing-health',
  about: 'Whether the numbers can be trusted: the exporter, its feeds and its credentials.',
  rules: [
    {
      alert: 'AiBillingFeedDown',
      expr: 'ai_billing_up == 0',
      for: THRESHOLDS.feedDownFor,
      severity: 'warning',
      summary:
        'The feed {{ $labels.feed }} of {{ $labels.provider }}/{{ $labels.account }} has been failing.',
      description:
        'What it reads is as old as its last success. Spend of that time is not lost: it is read once the feed works again.',
    },
  ],
};
