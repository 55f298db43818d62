/** Places of which there are so many, and for each who comes no more than so many. */
export interface ConnectionLimit {
  /** Takes a place and gives what frees it again; undefined where none is left. */
  take(who: string): (() => void) | undefined;
}

export function createConnectionLimit({
  all,
  each,
}: {
  readonly all: number;
  readonly each: number;
}): ConnectionLimit {
  const taken = new Map<string, number>();
  let total = 0;
  const add = (who: string, count: number) => {
    total += count;
    const held = (taken.get(who) ?? 0) + count;
    if (held === 0) taken.delete(who);
    else taken.set(who, held);
  };
  return {
    take(who) {
      if (total >= all || (taken.get(who) ?? 0) >= each) return undefined;
      add(who, 1);
      let isHeld = true;
      return () => {
        if (isHeld) add(who, -1);
        isHeld = false;
      };
    },
  };
}
