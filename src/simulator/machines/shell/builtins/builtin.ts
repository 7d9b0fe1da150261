import type { Shell } from '../shell.ts';

/** A command the shell does itself. Resolves with its exit code. */
export type Builtin = (shell: Shell, args: readonly string[]) => Promise<number>;

/** `<name>: <text>` in the shell's words, and this exit code. */
export async function refuse(shell: Shell, text: string, exitCode = 1): Promise<number> {
  await shell.complain(text);
  return exitCode;
}
