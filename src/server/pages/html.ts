const TEXT = Symbol('html');

/** Text that is HTML already. */
export interface Html {
  readonly [TEXT]: string;
}

/** What a template may hold; null shows nothing. */
export type HtmlPart = Html | string | number | null | readonly HtmlPart[];

/** A template that escapes whatever is put into it, unless that is {@link Html} itself. Attributes want double quotes. */
export function html(literals: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return trusted(literals.map((literal, index) => literal + renderHtml(parts[index] ?? null)).join(''));
}

/** Takes text for HTML without a look: only for what the program itself wrote. */
export function trusted(text: string): Html {
  return { [TEXT]: text };
}

/** The text to send. */
export function renderHtml(part: HtmlPart): string {
  if (part === null) return '';
  if (typeof part !== 'object') return String(part).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return TEXT in part ? part[TEXT] : part.map(renderHtml).join('');
}
