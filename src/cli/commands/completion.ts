import { Argument, type Command } from 'commander';
import { bashScript } from '../completion/bash.ts';
import { commandTree, type CommandTree } from '../completion/command-tree.ts';
import { fishScript } from '../completion/fish.ts';
import { zshScript } from '../completion/zsh.ts';
import type { CliIo } from '../io.ts';

const SCRIPT: Readonly<Record<string, (tree: CommandTree) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** Comes last: it offers what the program has got by then. */
export function registerCompletion(program: Command, io: CliIo): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'which shell it is for').choices(Object.keys(SCRIPT)))
    .description('Print a script that lets a shell complete commands and flags; its first lines say how to use it.')
    .action((shell: string) => void io.stdout.write(SCRIPT[shell]?.(commandTree(program)) ?? ''));
}
