import type { TokenType } from '../../core/statement.ts';

/**
 * What a SKU's name says. The set is open: `unknown` is a name without a known shape.
 *
 * `tokens` are LLM token SKUs, in millions of tokens; `units` every other usage; `purchase` adds balance.
 */
export interface Sku {
  readonly name: string;
  readonly kind: 'tokens' | 'units' | 'purchase' | 'unknown';
  /** The model within the name, else the whole name; `""` of a purchase, which has none. */
  readonly model: string;
  readonly tokenType?: TokenType;
  /** It is an LLM's SKU, but its unit is none we know. */
  readonly odd?: true;
}

/** Usage that no model is named in. */
const SERVICES = /(?:^|-)(?:search-augmentation|search-request)$/;
const PURCHASES = /purchase|top-?up|deposit|credit-/i;

/** Shapes of usage by image, by fixed price and by duration, as they end after the model. */
const USAGE = [
  /^(.+)-image-unit$/,
  /^(.+)-edit-fixed-.+$/,
  /^(.+)-fixed-.+$/,
  /^(.+)-[a-z]+-to-video-duration-(?:rate|based)-.+$/,
  /^(.+)-duration-(?:rate|based)-.+$/,
];

/** Longer contexts cost more per token (`extended-input`), but are the same kind of token. */
const EXTENDED = /^extended-/;
const TOKEN_TYPES: readonly (readonly [RegExp, TokenType])[] = [
  [/^input$/, 'input'],
  [/^output$/, 'output'],
  [/^cache-(?:input|read)$/, 'cached_input'],
  [/^cache-write(?:-.+)?$/, 'cache_write'],
];

/**
 * Reads a SKU such as `zai-org-glm-5-1-llm-output-mtoken`, from the right: model names hold dashes, dots and digits, and may
 * hold `-llm-` themselves.
 */
export function parseSku(name: string): Sku {
  const llm = /^(.+)-llm-(.+)$/.exec(name);
  if (llm) return llmSku(name, llm[1] ?? name, llm[2] ?? '');
  const model = USAGE.map((shape) => shape.exec(name)?.[1]).find((found) => found !== undefined);
  if (model !== undefined) return { name, kind: 'units', model };
  if (SERVICES.test(name)) return { name, kind: 'units', model: name };
  if (PURCHASES.test(name)) return { name, kind: 'purchase', model: '' };
  return { name, kind: 'unknown', model: name };
}

function llmSku(name: string, model: string, unit: string): Sku {
  const kind = /^(.+)-mtoken$/.exec(unit)?.[1]?.replace(EXTENDED, '');
  const tokenType = kind && TOKEN_TYPES.find(([shape]) => shape.test(kind))?.[1];
  return tokenType ? { name, kind: 'tokens', model, tokenType } : { name, kind: 'units', model, odd: true };
}
