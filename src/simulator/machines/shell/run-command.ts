import { FileError } from '../files/file-error.ts';
import type { CommandNode, FunctionNode } from './ast.ts';
import { runCompound } from './compound.ts';
import { RedirectionError } from './outcomes.ts';
import { expandRedirections, withChanges } from './redirections.ts';
import { runSimpleCommand } from './simple-command.ts';
import type { Shell } from './shell.ts';

/**
 * Runs one command; resolves with its exit code.
 *
 * @param inPlace this shell has nothing else to do: a program may take its process over
 */
export async function runCommand(shell: Shell, node: CommandNode, inPlace = false): Promise<number> {
  try {
    if (node.type === 'SimpleCommand') {
      if (node.line !== undefined && node.line > 0) shell.line = node.line;
      return await runSimpleCommand(shell, node, inPlace, callFunction);
    }
    if (node.type === 'FunctionDef') {
      shell.functions.set(node.name, node);
      return 0;
    }
    const changes = await expandRedirections(shell, node.redirections);
    return await withChanges(shell.process, changes, () => runCompound(shell, node));
  } catch (error) {
    if (error instanceof RedirectionError) {
      await shell.complain(error.message);
      return 1;
    }
    if (error instanceof FileError) {
      await shell.complain(`${error.path}: ${error.text}`);
      return 1;
    }
    throw error;
  }
}

async function callFunction(shell: Shell, node: FunctionNode): Promise<number> {
  const changes = await expandRedirections(shell, node.redirections);
  return withChanges(shell.process, changes, () => runCommand(shell, node.body));
}
