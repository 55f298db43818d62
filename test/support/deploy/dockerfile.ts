/** One instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals. */
  readonly name: string;
  /** What follows it, continued lines joined, comments left out. */
  readonly text: string;
}

/** The instructions between two `FROM`. */
export interface Stage {
  /** The image it starts from. */
  readonly from: string;
  /** Its name in other stages; `""` for the last. */
  readonly as: string;
  readonly instructions: readonly Instruction[];
}

/** The stages of a Dockerfile without heredocs, in order. */
export function stagesOf(dockerfile: string): Stage[] {
  const stages: { from: string; as: string; instructions: Instruction[] }[] = [];
  for (const instruction of instructionsOf(dockerfile)) {
    if (instruction.name === 'FROM') {
      const [from = '', , as = ''] = instruction.text.split(' ');
      stages.push({ from, as, instructions: [] });
    } else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

function instructionsOf(dockerfile: string): Instruction[] {
  const lines = dockerfile.split('\n').filter((line) => line.trim() !== '' && !/^\s*#/.test(line));
  return lines
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => {
      const [, name = '', text = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return { name: name.toUpperCase(), text };
    });
}

/** The texts of all instructions of that name. */
export function textsOf(stage: Stage, name: string): string[] {
  return stage.instructions.filter((instruction) => instruction.name === name).map(({ text }) => text);
}

/** The words of an instruction in exec form: `["node", "a.js"]`. */
export function wordsOf(stage: Stage, name: string): string[] {
  const list = /\[.*\]$/.exec(textsOf(stage, name).at(-1) ?? '')?.[0];
  const words: unknown = list === undefined ? undefined : JSON.parse(list);
  if (!Array.isArray(words)) throw new Error(`${name} is not in exec form`);
  return words.map(String);
}

/** A copy into a stage. */
export interface Copied {
  /** The stage it comes from; undefined: the build context. */
  readonly stage: string | undefined;
  readonly sources: readonly string[];
  /** A folder if it ends with a slash or there are several sources. */
  readonly target: string;
}

/** The copies that a stage makes, in order. */
export function copiesOf(stage: Stage): Copied[] {
  return textsOf(stage, 'COPY').map((text) => {
    const words = text.split(' ');
    const from = words.filter((word) => word.startsWith('--from='))[0]?.slice('--from='.length);
    const paths = words.filter((word) => !word.startsWith('--'));
    return { stage: from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
  });
}
