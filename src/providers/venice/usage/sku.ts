import type { TokenType } from '../../../core/statement/statement.ts';

/**
 * What a SKU's name says. The set is open: `unknown` is a name without a known shape.
 *
 * `tokens` are LLM token SKUs, in millions of tokens; `units` every other usage; `purchase` adds balance. `refund` and `grant`
 * are no usage by their name: the one gives back what was charged, the other gives what was never bought.
 */
export interface Sku {
  readonly name: string;
  readonly kind: 'tokens' | 'units' | 'purchase' | 'refund' | 'grant' | 'unknown';
  /** The model within the name, else the whole name; `""` of a purchase, which has none. */
  readonly model: string;
  readonly tokenType?: TokenType;
  /** The model is known by the shape, but not all that comes after it. */
  readonly odd?: true;
}

/** The one name that was seen to add bought balance. What merely sounds like it may as well be a refund or a grant. */
const PURCHASE = 'credit-purchase';

/** Usage that no model is named in. */
const SERVICES = /(?:^|-)(?:search-augmentation|search-request)$/;

/** What is measured: `8s`, `1min`, `720p`, `1K`, `2x`, `24fps`, `1img`. */
const MEASURE = String.raw`\d+(?:\.\d+)?(?:s|secs?|min|p|k|x|fps|mp|imgs?)`;
const WORD = '(?:no|with|without)-audio|audio|silent|websearch|duration|resolution|rate|based|fixed|unit';
const QUALIFIERS = new RegExp(`^(?:-(?:${MEASURE}|${WORD}))*$`, 'i');
const MEDIUM = 'text|image|video|audio|speech|reference|frames?|music|voice';

/** Shapes of usage, the surest first: the model, and what qualifies it. */
const USAGE: readonly RegExp[] = [
  // grok-imagine-image-image-unit
  /^(.+)-image-unit(|-.+)$/i,
  // wan-2.5-preview-text-to-video-duration-resolution-rate-10s-720p-audio, grok-imagine-text-to-video-720p
  new RegExp(`^(.+?)-(?:${MEDIUM})-to-(?:${MEDIUM})(|-.+)$`, 'i'),
  // topaz-video-upscale-2x: what a model of this kind does is its name
  /^((?:.+-)?upscaler?)(|-.+)$/i,
  // ace-step-duration-based-60s, veo31-full-duration-resolution-rate-8s-720p-audio
  /^(.+?)-duration(?:-resolution)?-(?:rate|based)(|-.+)$/i,
  // qwen-image-edit-fixed-1img, nano-banana-pro-fixed-1K-1img, minimax-music-v2-fixed
  /^(.+?)(?:-edit)?-fixed(|-.+)$/i,
  // grok-imagine-resolution-720p, grok-imagine-720p
  new RegExp(
    String.raw`^(.+?)((?:-${MEASURE})*(?:-resolution(?:-rate)?-${MEASURE}|-\d{3,4}p)(?:|-.+))$`,
    'i',
  ),
];

/** Units of LLM SKUs. Longer contexts cost more per token (`extended-input`), but are the same kind of token. */
const TOKEN_TYPES: readonly (readonly [unit: RegExp, TokenType])[] = [
  [/^(?:extended-)?input-mtoken$/, 'input'],
  [/^(?:extended-)?output-mtoken$/, 'output'],
  [/^(?:extended-)?cached?-(?:input|read)-mtoken$/, 'cached_input'],
  [/^(?:extended-)?cache-write(?:-.+)?-mtoken$/, 'cache_write'],
];

/**
 * Reads a SKU such as `zai-org-glm-5-1-llm-output-mtoken`. Token SKUs go first; then a shape of usage whose qualifiers are all
 * known, before one that has others, too.
 */
export function parseSku(name: string): Sku {
  const llm = llmSku(name);
  if (llm?.kind === 'tokens') return llm;
  const shapes = USAGE.flatMap((shape) => usageSku(name, shape));
  return shapes.find(({ odd }) => !odd) ?? shapes[0] ?? llm ?? otherSku(name);
}

/** Read from the right: model names hold dashes, dots and digits, and may hold `-llm-` themselves. */
function llmSku(name: string): Sku | undefined {
  const [, model, unit] = /^(.+)-llm-(.+)$/.exec(name) ?? [];
  if (model === undefined || unit === undefined) return undefined;
  const tokenType = TOKEN_TYPES.find(([shape]) => shape.test(unit.replaceAll('_', '-')))?.[1];
  return tokenType ? { name, kind: 'tokens', model, tokenType } : { name, kind: 'units', model, odd: true };
}

function usageSku(name: string, shape: RegExp): Sku[] {
  const [, model, qualifiers = ''] = shape.exec(name) ?? [];
  if (model === undefined) return [];
  return [{ name, kind: 'units', model, ...(!QUALIFIERS.test(qualifiers) && { odd: true }) }];
}

function otherSku(name: string): Sku {
  if (name === PURCHASE) return { name, kind: 'purchase', model: '' };
  if (SERVICES.test(name)) return { name, kind: 'units', model: name };
  return { name, kind: creditIn(name) ?? 'unknown', model: name };
}

const REFUND = /refund|reimburs|reversal|reversed|compensat|rebate|credit ?back|money ?back/;
const ADJUSTMENT = /adjust|correction|true ?up|write ?off/;
const GRANT =
  /\bgrant|bonus|promo|\bgift|reward|referral|airdrop|allocation|allowance|voucher|coupon|\bwelcome|goodwill|courtesy|complimentary|\bfree\b|sign ?up|expir/;
/** A purchase that is given back takes its money off the balance again. */
const PURCHASE_BACK = /charge ?back|(?=.*(?:purchase|top ?up|deposit|payment)).*(?:refund|revers)/;

/**
 * What a name or a note says of money that is no usage. That a charge is given back is the surest word; an adjustment of a grant
 * is still about a grant.
 */
export function creditIn(text: string): 'refund' | 'grant' | undefined {
  const words = wordsOf(text);
  if (REFUND.test(words)) return 'refund';
  if (GRANT.test(words)) return 'grant';
  return ADJUSTMENT.test(words) ? 'refund' : undefined;
}

/** Whether a name says that money which was paid in went back. */
export function isPurchaseBack(name: string): boolean {
  return PURCHASE_BACK.test(wordsOf(name));
}

/** Whether a name says of a negative amount that given credits ended. What merely sounds like a gift may be charged for. */
export function isGrantBack(name: string): boolean {
  return /\bgrant|credit|expir/.test(wordsOf(name));
}

function wordsOf(text: string): string {
  return text.toLowerCase().replaceAll(/[_-]/g, ' ');
}
