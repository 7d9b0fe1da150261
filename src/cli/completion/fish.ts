import type { CommandTree, Flag } from './command-tree.ts';

/** To be sourced, or to be a file of fish's completions folder. */
export function fishScript({ name, flags, commands }: CommandTree): string {
  const seen = (command: string): string => `__fish_seen_subcommand_from ${command}`;
  const before = `not ${seen(commands.map((command) => command.name).join(' '))}`;
  const line = (condition: string, rest: string): string => `complete -c ${name} -n ${quoted(condition)} ${rest}`;
  return `# fish completion of ${name}; to use it:  ${name} completion fish | source
complete -c ${name} -f
${[
  ...flags.map((flag) => line(before, flagWords(flag))),
  ...commands.flatMap((command) => [
    line(before, `-a ${command.name} -d ${quoted(command.description)}`),
    ...command.flags.map((flag) => line(seen(command.name), flagWords(flag))),
    ...command.values.flatMap(({ choices }) =>
      choices.length === 0 ? [] : [line(seen(command.name), `-a ${quoted(choices.join(' '))}`)],
    ),
  ]),
].join('\n')}
`;
}

function flagWords({ words, description, value }: Flag): string {
  const ways = words.map((word) => (word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`));
  const takes =
    value === undefined
      ? []
      : value.isFile
        ? ['-r -F']
        : [`-x${value.choices.length === 0 ? '' : ` -a ${quoted(value.choices.join(' '))}`}`];
  return [...ways, ...takes, `-d ${quoted(description)}`].join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
