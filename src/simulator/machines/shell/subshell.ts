import type { OpenFile } from '../io/open-file.ts';
import { createPipe } from '../io/pipe.ts';
import { readAll } from '../io/read-all.ts';
import { unlessAborted } from '../io/wait.ts';
import type { Process } from '../processes/process.ts';
import type { ScriptNode } from './ast.ts';
import { runToEnd } from './shell-end.ts';
import type { Shell } from './shell.ts';

/** Forks this shell into a process of its own, in which `body` runs. */
export function forkSubshell(
  shell: Shell,
  options: { readonly files?: ReadonlyMap<number, OpenFile> },
  body: (subshell: Shell) => Promise<number>,
): Process {
  return shell.process.system.processes.fork(shell.process, options, (process) => {
    const subshell = shell.fork(process);
    // Signals that the parent traps take their usual effect again.
    return runToEnd(subshell, () => body(subshell));
  });
}

/** `$(…)`: what the statements print, without the newlines at its end. Their exit code stays in `substitutionStatus`. */
export async function collectOutput(shell: Shell, body: ScriptNode): Promise<string> {
  const pipe = createPipe();
  const files = new Map(shell.process.files).set(1, pipe.writer);
  const child = forkSubshell(shell, { files }, (subshell) => {
    // As bash has it unless `inherit_errexit` is set.
    if (!subshell.shopts.has('inherit_errexit')) subshell.options.errexit = false;
    return shell.runtime.runStatements(subshell, body.statements);
  });
  pipe.writer.release();
  const text = await readAll(pipe.reader, shell.process.signal);
  pipe.reader.release();
  shell.substitutionStatus = await unlessAborted(child.exited, shell.process.signal);
  shell.lastStatus = shell.substitutionStatus;
  return text.replaceAll('\0', '').replace(/\n+$/, '');
}
