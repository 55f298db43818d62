/** Where text is written: the part of a stream that is needed. */
export interface Output {
  write(text: string): unknown;
}
