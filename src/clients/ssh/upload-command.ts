import { randomBytes } from 'node:crypto';
import { shellQuote } from './shell-quote.ts';

export interface SshUploadOptions {
  /** Permissions of the file, for example 0o600. */
  readonly mode: number;
  /** Write it as root (`sudo -n`: fails where sudo would ask for a password). Default false. */
  readonly sudo?: boolean;
  /** As for run. Default 30 000. */
  readonly timeoutMs?: number;
  /** As for run. */
  readonly signal?: AbortSignal;
}

/**
 * The command that turns its standard input into a file. The content goes to a neighbour that only its owner can read, is counted,
 * gets its mode, and takes the file's place in one step.
 */
export function uploadCommand(path: string, length: number, options: SshUploadOptions): string {
  if (path === '' || path.endsWith('/')) throw new TypeError(`path: ${JSON.stringify(path)} does not name a file`);
  if (!Number.isInteger(options.mode) || options.mode < 0 || options.mode > 0o7777) {
    throw new TypeError(`mode: ${options.mode} is not a file mode between 0o0 and 0o7777`);
  }
  // A leading dash would be an option.
  const literal = path.startsWith('-') ? `./${path}` : path;
  const target = shellQuote(literal);
  const partial = shellQuote(`${literal}.${randomBytes(6).toString('hex')}.part`);
  const steps = [
    'umask 077',
    `if [ -d ${target} ]; then echo "upload: the path is a directory" >&2; exit 1; fi`,
    `cat > ${partial}`,
    // A connection that drops looks like the end of the content.
    `if [ "$(wc -c < ${partial})" -ne ${length} ]; then echo "upload: the content ended early" >&2; false; fi`,
    `chmod ${options.mode.toString(8).padStart(4, '0')} ${partial}`,
    `mv -f ${partial} ${target}`,
  ];
  const script = `{ ${steps.join(' && ')}; } || { rm -f ${partial}; exit 1; }`;
  return options.sudo === true ? `sudo -n sh -c ${shellQuote(script)}` : script;
}
