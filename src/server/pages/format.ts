import type { Instant } from '../../core/values/time.ts';
import { type Html, html } from './html.ts';
import type { Timestamp } from './status.ts';
import { distanceText, instantText } from './words.ts';

/** An instant with its distance, or a dash. Whoever shows it says that it is UTC. */
export function moment(at: Timestamp | null, now: Instant): Html {
  if (at === null) return html`<span class="quiet">–</span>`;
  const instant = Date.parse(at);
  return html`<time datetime="${at}">${instantText(instant)}</time> <span class="quiet age">${distanceText(instant, now)}</span>`;
}

/** An instant that says itself that it is UTC. */
export function utc(at: Timestamp): Html {
  return html`<time datetime="${at}">${instantText(Date.parse(at))} UTC</time>`;
}
