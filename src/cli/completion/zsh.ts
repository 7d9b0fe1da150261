import type { CommandTree, Flag, Value } from './command-tree.ts';

/** To be evaluated in .zshrc after compinit, or to be a file `_<name>` of a folder in fpath. */
export function zshScript({ name, flags, commands }: CommandTree): string {
  const self = `_${name}`;
  return `#compdef ${name}
# zsh completion of ${name}; to use it, after compinit:  eval "$(${name} completion zsh)"
${self}() {
  local context state state_descr line curcontext="$curcontext"
  typeset -A opt_args
  _arguments -C \\
${indented(4, [...flags.map(flagSpec), quoted('1:command:->command'), quoted('*::argument:->argument')])}
  case $state in
    command)
      local -a commands=(
${commands.map((command) => `        ${quoted(`${command.name}:${command.description}`)}`).join('\n')}
      )
      _describe command commands
      ;;
    argument)
      case $words[1] in
${commands
  .map(
    (command) => `        ${command.name})
          _arguments \\
${indented(12, [...command.flags.map(flagSpec), ...command.values.map((value) => quoted(`:${valueSpec(value)}`))])}
          ;;`,
  )
  .join('\n')}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == ${self} ]]; then ${self} "$@"; else compdef ${self} ${name}; fi
`;
}

function indented(width: number, specs: readonly string[]): string {
  return specs.map((spec) => `${' '.repeat(width)}${spec}`).join(' \\\n');
}

function flagSpec({ words, description, value, isRepeatable }: Flag): string {
  const said = `[${description.replaceAll(/[[\]:\\]/g, '\\$&')}]`;
  const takes = value === undefined ? '' : `:${valueSpec(value)}`;
  const [word = ''] = words;
  if (words.length === 1) return quoted(`${isRepeatable ? '*' : ''}${word}${said}${takes}`);
  // Two ways to write one flag exclude each other.
  return `${quoted(`(${words.join(' ')})`)}{${words.join(',')}}${quoted(`${said}${takes}`)}`;
}

function valueSpec({ name, choices, isFile }: Value): string {
  const action = isFile ? '_files' : choices.length === 0 ? ' ' : `(${choices.join(' ')})`;
  return `${name.replaceAll(':', '\\:')}:${action}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
