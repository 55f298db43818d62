/** Changes of parameters: null removes one. */
export type ParameterChanges = Readonly<Record<string, string | null>>;

/** A link to the same page with other parameters. Relative, so that it works behind a proxy with a path prefix. */
export function linkTo(parameters: URLSearchParams, changes: ParameterChanges): string {
  const next = new URLSearchParams(parameters);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  return `?${next}`;
}

/** A link that keeps to one value of a label. */
export function linkToValue(parameters: URLSearchParams, label: string, value: string): string {
  const next = new URLSearchParams(parameters);
  next.delete('q');
  // The next grouping is chosen by what is left to group.
  next.delete('by');
  next.set(matchName(label), escapeGlob(value));
  return `?${next}`;
}

/** A link without one of the values that a label is filtered by. */
export function linkWithout(parameters: URLSearchParams, label: string, value: string): string {
  const next = new URLSearchParams(parameters);
  next.delete(matchName(label), value);
  return `?${next}`;
}

export function matchName(label: string): string {
  return `match[${label}]`;
}

/** A pattern that matches this value: wildcards cannot be escaped, but `?` matches one character, also a `*`. */
function escapeGlob(value: string): string {
  return value.replaceAll('*', '?');
}
