import { BrokenPipeError } from '../io/open-file.ts';
import { KilledBySignal } from '../processes/signals.ts';
import { ExpansionError, LoopControl, ShellExit, ShellReturn, UnsetError } from './outcomes.ts';
import type { Shell } from './shell.ts';

/** Runs a shell to its end, however it comes, and then its EXIT trap. Resolves with the exit code. */
export async function runToEnd(shell: Shell, body: () => Promise<number>): Promise<number> {
  const ended = await endOf(shell, body);
  const trap = shell.traps.get('EXIT');
  if (trap === undefined || trap === '') return ended.exitCode;
  shell.traps.delete('EXIT');
  shell.lastStatus = ended.exitCode;
  shell.options.errexit = false;
  const trapped = await endOf(shell, () => shell.runtime.runText(shell, trap));
  return trapped.said ? trapped.exitCode : ended.exitCode;
}

interface End {
  readonly exitCode: number;
  /** By `exit`, a signal or an error, not by reaching the last line. */
  readonly said: boolean;
}

async function endOf(shell: Shell, body: () => Promise<number>): Promise<End> {
  try {
    return { exitCode: await body(), said: false };
  } catch (error) {
    if (error instanceof ShellExit || error instanceof ShellReturn) return { exitCode: error.exitCode, said: true };
    if (error instanceof LoopControl) return { exitCode: 0, said: true };
    if (error instanceof ExpansionError) {
      await shell.complain(error.message);
      return { exitCode: error instanceof UnsetError ? shell.unsetStatus : 1, said: true };
    }
    if (!shell.process.isRunning) throw error;
    // A signal that the shell survives just long enough to run its EXIT trap.
    if (error instanceof KilledBySignal) return { exitCode: error.exitCode, said: true };
    if (error instanceof BrokenPipeError) return { exitCode: new KilledBySignal('PIPE').exitCode, said: true };
    throw error;
  }
}
