import type { Argument, Command, Option } from 'commander';
import { collect, collectList } from '../flags.ts';

// What a shell offers when TAB is pressed, read from the program itself: what it can do and what is offered are one. The scripts are static: no
// process is started at a TAB, and nothing of what is being typed is evaluated.

/** What may follow a flag, or stand as an argument. */
export interface Value {
  /** `file`, as `--help` shows it. */
  readonly name: string;
  /** Empty: anything. */
  readonly choices: readonly string[];
  readonly isFile: boolean;
}

export interface Flag {
  /** `--json`, `-V`: each way to write it. */
  readonly words: readonly string[];
  readonly description: string;
  /** Undefined: it takes none. */
  readonly value: Value | undefined;
  readonly isRepeatable: boolean;
}

export interface Subcommand {
  readonly name: string;
  readonly description: string;
  /** Its own, then those of every command. */
  readonly flags: readonly Flag[];
  readonly values: readonly Value[];
}

export interface CommandTree {
  readonly name: string;
  /** Those that may stand before a command. */
  readonly flags: readonly Flag[];
  readonly commands: readonly Subcommand[];
}

export function commandTree(program: Command): CommandTree {
  const help = program.createHelp();
  const flags = help.visibleOptions(program).map(flagOf);
  const global = flags.filter(({ words }) => !words.includes('--version') && !words.includes('--help'));
  return {
    name: program.name(),
    flags,
    commands: help.visibleCommands(program).map((command) => ({
      name: command.name(),
      description: firstSentence(command.description()),
      flags: [...command.createHelp().visibleOptions(command).map(flagOf), ...global],
      values:
        command.name() === 'help'
          ? [{ name: 'command', choices: help.visibleCommands(program).map((other) => other.name()), isFile: false }]
          : command.registeredArguments.map(valueOfArgument),
    })),
  };
}

function flagOf(option: Option): Flag {
  const { short, long, flags, description } = option;
  const name = /<(.+)>/.exec(flags)?.[1];
  return {
    words: [short, long].filter((word) => word !== undefined),
    description: firstSentence(description),
    value: name === undefined ? undefined : { name, choices: option.argChoices ?? [], isFile: name === 'file' },
    isRepeatable: option.parseArg === collect || option.parseArg === collectList,
  };
}

function valueOfArgument(argument: Argument): Value {
  return { name: argument.name(), choices: argument.argChoices ?? [], isFile: false };
}

/** What fits beside the word in a list: without what is in parentheses. */
function firstSentence(text: string): string {
  const plain = text.replaceAll(/ \([^)]*\)/g, '');
  return /^.*?(?=[.:;] )/.exec(plain)?.[0] ?? plain.replace(/\.$/, '');
}
