import { FileError } from '../../files/file-error.ts';
import type { Builtin } from './builtin.ts';
import { DIRECTORY } from './directory.ts';
import { FLOW } from './flow.ts';
import { JOBS } from './jobs.ts';
import { lookupBuiltins } from './lookup.ts';
import { OPTIONS } from './options.ts';
import { OUTPUT } from './output.ts';
import { READ } from './read.ts';
import { TEST } from './test.ts';
import { VARIABLES } from './variables.ts';

const table: Readonly<Record<string, Builtin>> = {
  ...FLOW,
  ...VARIABLES,
  ...OPTIONS,
  ...OUTPUT,
  ...TEST,
  ...JOBS,
  ...READ,
  ...DIRECTORY,
  ...lookupBuiltins((name) => BUILTINS.has(name) || name === 'exec'),
};

/** The commands a shell does itself, by name. (`exec` is the interpreter's own.) */
export const BUILTINS: ReadonlyMap<string, Builtin> = new Map(
  Object.entries(table).map(([name, builtin]) => [name, telling(name, builtin)]),
);

/** A file the machine refuses is told in the builtin's name. */
function telling(name: string, builtin: Builtin): Builtin {
  return async (shell, args) => {
    try {
      return await builtin(shell, args);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await shell.complain(`${name}: ${error.path}: ${error.text}`);
      return 1;
    }
  };
}
