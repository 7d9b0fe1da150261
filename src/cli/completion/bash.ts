import type { CommandTree, Flag, Subcommand, Value } from './command-tree.ts';

/** For bash 3.2 (that of macOS) and later, without the bash-completion package. */
export function bashScript({ name, flags, commands }: CommandTree): string {
  const self = `_${name.replaceAll(/\W/g, '_')}`;
  const everywhere = flags.flatMap((flag) => valueCases((word) => `*' ${word}'`, flag));
  const ofCommands = commands.flatMap((command) =>
    command.flags
      .filter(({ words }) => !wordsOf(flags).includes(words.at(-1) ?? ''))
      .flatMap((flag) => valueCases((word) => `'${command.name} ${word}'`, flag)),
  );
  return `# bash completion of ${name}; to use it:  eval "$(${name} completion bash)"
${self}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD - 1]}" command='' given=0 words='' word i
  # Bash takes --flag=value apart, into three words.
  if [[ $cur == '=' ]]; then cur=''; elif [[ $prev == '=' ]]; then prev="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${wordsOf(flags.filter(({ value }) => value !== undefined)).join(' | ')})
        [[ \${COMP_WORDS[i + 1]} == '=' ]] && ((i++))
        ((i++))
        ;;
      -* | '=') ;;
      *) if [[ -z $command ]]; then command="\${COMP_WORDS[i]}"; else ((given++)); fi ;;
    esac
  done
  COMPREPLY=()
  case "$command $prev" in
${[...everywhere, ...ofCommands].join('\n')}
    *)
      case "$command" in
        '') words='${[...commands.map((command) => command.name), ...wordsOf(flags)].join(' ')}' ;;
${commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
  while IFS='' read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$cur")
}
complete -F ${self} ${name}
`;
}

function wordsOf(flags: readonly Flag[]): readonly string[] {
  return flags.flatMap(({ words }) => words);
}

/** What may stand next to a command's name. */
function commandCase({ name, flags, values }: Subcommand): string {
  const choices = values[0]?.choices ?? [];
  const first = choices.length === 0 ? '' : `; [[ $given == 0 ]] && words="${choices.join(' ')} $words"`;
  return `        ${name}) words='${wordsOf(flags).join(' ')}'${first} ;;`;
}

/** What stands behind a flag with a value; a value of which nothing is known is offered nothing. */
function valueCases(pattern: (word: string) => string, { words, value }: Flag): readonly string[] {
  return value === undefined ? [] : [`    ${words.map(pattern).join(' | ')}) ${offer(value)} ;;`];
}

function offer({ choices, isFile }: Value): string {
  if (!isFile) return choices.length === 0 ? 'return' : `words='${choices.join(' ')}'`;
  const files = `while IFS='' read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")`;
  // A slash is put behind a folder; bash 3.2 cannot be told so.
  return `type compopt > /dev/null 2>&1 && compopt -o filenames 2> /dev/null; ${files}; return`;
}
