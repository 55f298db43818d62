/** Whether a text can be one segment of a path: `.` and `..`, however escaped, name the path above instead. */
export function isSegment(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..';
}

/**
 * An id, escaped, as one segment of a path.
 *
 * @throws {RangeError} when no escape makes it one.
 */
export function segment(id: string): string {
  if (!isSegment(id)) throw new RangeError('an id is empty or made of points, which no path can hold');
  return encodeURIComponent(id);
}
