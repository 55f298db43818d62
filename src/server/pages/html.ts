const TEXT = Symbol('html');

/** Text that is already HTML. */
export interface Html {
  readonly [TEXT]: string;
}

/** A part of a template; null renders nothing. */
export type HtmlPart = Html | string | number | null | readonly HtmlPart[];

/** A template tag that escapes every part except {@link Html}. Attributes need double quotes. */
export function html(literals: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return trusted(literals.map((literal, index) => literal + renderHtml(parts[index] ?? null)).join(''));
}

/** Marks text as HTML without escaping: only for text of the program itself. */
export function trusted(text: string): Html {
  return { [TEXT]: text };
}

/** The text to send. */
export function renderHtml(part: HtmlPart): string {
  if (part === null) return '';
  if (typeof part !== 'object') return String(part).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return TEXT in part ? part[TEXT] : part.map(renderHtml).join('');
}
