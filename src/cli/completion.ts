import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command, and what may follow it. */
interface CompletedCommand {
  /** `/ledger/check`; the program itself is empty. */
  readonly path: string;
  /** Subcommands, or the values of its argument. */
  readonly words: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly Option[];
  /** It takes an argument whose values are unknown; undefined if it takes none. */
  readonly freeArgument: string | undefined;
}

/** The completion script of a program, from its own commands and options. */
export function completionScript(program: Command, shell: Shell): string {
  const commands = completedCommands(program, '');
  const name = program.name();
  if (shell === 'fish') return fishScript(name, commands);
  const bash = bashScript(name, commands);
  return shell === 'bash' ? bash : `#compdef ${name}\nautoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

function completedCommands(command: Command, path: string): CompletedCommand[] {
  const help = command.createHelp();
  const below = help.visibleCommands(command);
  const choices = command.registeredArguments.flatMap(({ argChoices = [], description }) =>
    argChoices.map((name) => ({ name, description })),
  );
  const free = command.registeredArguments.find(({ argChoices }) => argChoices === undefined);
  const here = {
    path,
    words: [...below.map((each) => ({ name: each.name(), description: each.description() })), ...choices],
    options: help.visibleOptions(command),
    freeArgument: free?.name(),
  };
  return [here, ...below.flatMap((each) => completedCommands(each, `${path}/${each.name()}`))];
}

function bashScript(name: string, commands: readonly CompletedCommand[]): string {
  const identifier = `_${name.replaceAll('-', '_')}`;
  return `${identifier}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at='' index words='' options=''
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$at/\${COMP_WORDS[index]}" in
      ${pathsBelow(commands).join(' | ')}) at="$at/\${COMP_WORDS[index]}" ;;
    esac
  done
  COMPREPLY=()
  case "$at $prev" in
${commands.flatMap(bashValues).join('\n')}
  esac
  case "$at" in
${commands.map(bashWords).join('\n')}
  esac
  [[ $cur == -* ]] && words=$options
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
# Without a match, files are completed.
complete -o default -F ${identifier} ${name}
`;
}

function pathsBelow(commands: readonly CompletedCommand[]): string[] {
  return commands.map(({ path }) => path).filter((path) => path !== '');
}

/** What completes the value of an option: its choices, or files. */
function bashValues({ path, options }: CompletedCommand): string[] {
  return options.filter(takesValue).map((option) => {
    const flags = [option.short, option.long].filter((flag) => flag != null);
    const choices = option.argChoices ?? [];
    const reply = choices.length > 0 ? `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$cur")); ` : '';
    return `    ${flags.map((flag) => `'${path} ${flag}'`).join(' | ')}) ${reply}return ;;`;
  });
}

function bashWords({ path, words, options, freeArgument }: CompletedCommand): string {
  const flags = options.map(({ long, short }) => long ?? short).join(' ');
  const names = words.map(({ name }) => name).join(' ');
  const shown = names === '' && freeArgument === undefined ? flags : names;
  return `    '${path}') words='${shown}' options='${flags}' ;;`;
}

function fishScript(name: string, commands: readonly CompletedCommand[]): string {
  const at = `__${name.replaceAll('-', '_')}_at`;
  return `function ${at}
  set -l path ''
  for word in (commandline -opc)[2..-1]
    switch "$path/$word"
      case ${pathsBelow(commands).join(' ')}
        set path "$path/$word"
    end
  end
  test "$path" = "$argv[1]"
end
complete -c ${name} -f
${commands.flatMap((command) => fishLines(command).map((line) => `complete -c ${name} -n '${at} "${command.path}"' ${line}`)).join('\n')}
`;
}

function fishLines({ words, options, freeArgument }: CompletedCommand): string[] {
  return [
    ...words.map((word) => `-a ${word.name} -d ${quoted(word.description)}`),
    ...options.map(fishOption),
    ...(freeArgument === 'file' ? ['-F'] : []),
  ];
}

function fishOption(option: Option): string {
  const { short, long, argChoices = [], description } = option;
  const files = option.flags.includes('<file>') ? '-r -F' : '-x';
  const value = argChoices.length > 0 ? `-x -a ${quoted(argChoices.join(' '))}` : files;
  return [
    ...(short ? [`-s ${short.slice(1)}`] : []),
    ...(long ? [`-l ${long.slice(2)}`] : []),
    ...(takesValue(option) ? [value] : []),
    `-d ${quoted(description)}`,
  ].join(' ');
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
