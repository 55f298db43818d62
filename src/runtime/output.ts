/** Where text is written: the part of a stream that is needed. */
export interface Output {
  write(text: string): unknown;
  /** Shows lines below all that is written, in place of those shown before. Only a terminal has it. */
  readonly footer?: ((lines: readonly string[]) => void) | undefined;
}
