import { FileError } from '../files/file-error.ts';
import type { OpenOptions } from '../files/file-tree.ts';
import type { OpenFile } from '../io/open-file.ts';
import { pipeOf } from '../io/pipe.ts';
import { openPath } from '../processes/open-path.ts';
import type { Process } from '../processes/process.ts';
import type { Redirection, WordNode } from './ast.ts';
import { RedirectionError } from './outcomes.ts';
import type { Shell } from './shell.ts';
import { expandText, expandWords } from './words.ts';

/** One redirection whose words are expanded: what is to be done to a process's descriptors. */
export type Change =
  | { readonly kind: 'open'; readonly fds: readonly number[]; readonly path: string; readonly options: OpenOptions }
  | { readonly kind: 'text'; readonly fd: number; readonly text: string }
  | { readonly kind: 'duplicate'; readonly fd: number; readonly from: number; readonly move: boolean }
  | { readonly kind: 'close'; readonly fd: number };

const READ: OpenOptions = { read: true };
const WRITE: OpenOptions = { write: true, create: true, truncate: true };
const APPEND: OpenOptions = { append: true, create: true };
/** `{name}>file` takes the first free descriptor from here. */
const FIRST_AUTOMATIC_FD = 10;

/** Expands what a command's redirections name. Descriptors are untouched yet. */
export async function expandRedirections(shell: Shell, redirections: readonly Redirection[]): Promise<Change[]> {
  const changes: Change[] = [];
  for (const redirection of redirections) changes.push(...(await expandOne(shell, redirection)));
  return changes;
}

async function expandOne(shell: Shell, redirection: Redirection): Promise<Change[]> {
  const { operator, target } = redirection;
  if (target.type === 'HereDoc') {
    const content = await expandText(shell, target.stripTabs ? withoutTabs(target.content) : target.content);
    return [{ kind: 'text', fd: redirection.fd ?? 0, text: content }];
  }
  if (operator === '<<<') {
    return [{ kind: 'text', fd: redirection.fd ?? 0, text: `${await expandText(shell, target)}\n` }];
  }
  const words = await expandWords(shell, [target]);
  const [path] = words;
  if (path === undefined || words.length > 1) throw new RedirectionError(`${words.join(' ')}: ambiguous redirect`);
  const automatic = redirection.fdVariable === undefined ? undefined : automaticFd(shell, redirection.fdVariable);
  const input = redirection.fd ?? automatic ?? 0;
  const output = redirection.fd ?? automatic ?? 1;
  switch (operator) {
    case '<':
      return [{ kind: 'open', fds: [input], path, options: READ }];
    case '>':
    case '>|':
      return [{ kind: 'open', fds: [output], path, options: writing(shell, operator) }];
    case '>>':
      return [{ kind: 'open', fds: [output], path, options: APPEND }];
    case '<>':
      return [{ kind: 'open', fds: [input], path, options: { read: true, write: true, create: true } }];
    case '&>':
      return [{ kind: 'open', fds: [1, 2], path, options: WRITE }];
    case '&>>':
      return [{ kind: 'open', fds: [1, 2], path, options: APPEND }];
    case '<&':
      return duplicate(input, path);
    case '>&':
      return isDescriptor(path) || redirection.fd !== null
        ? duplicate(output, path)
        : [{ kind: 'open', fds: [1, 2], path, options: WRITE }];
    case '<<':
    case '<<-':
      throw new RedirectionError('here-document without a text');
  }
}

/** `<<-`: the tabs before each line of the script are not part of the text; what expansions bring keeps its own. */
function withoutTabs(content: WordNode): WordNode {
  let atStart = true;
  const parts = content.parts.map((part) => {
    const stripped =
      part.type === 'Literal' ? part.value.replace(atStart ? /(^|\n)\t+/g : /(\n)\t+/g, '$1') : undefined;
    atStart = false;
    return part.type === 'Literal' ? { ...part, value: stripped ?? '' } : part;
  });
  return { ...content, parts };
}

function writing(shell: Shell, operator: '>' | '>|'): OpenOptions {
  return shell.options.noclobber && operator === '>' ? { ...WRITE, exclusive: true } : WRITE;
}

function isDescriptor(text: string): boolean {
  return /^(\d+-?|-)$/.test(text);
}

function duplicate(fd: number, target: string): Change[] {
  if (target === '-') return [{ kind: 'close', fd }];
  if (!isDescriptor(target)) throw new RedirectionError(`${target}: ambiguous redirect`);
  return [{ kind: 'duplicate', fd, from: Number.parseInt(target, 10), move: target.endsWith('-') }];
}

function automaticFd(shell: Shell, variable: string): number {
  const named = Number(shell.variables.get(variable));
  // `{name}>&-` closes what an earlier one opened.
  if (shell.process.files.has(named) && named >= FIRST_AUTOMATIC_FD) return named;
  let fd = FIRST_AUTOMATIC_FD;
  while (shell.process.files.has(fd)) fd += 1;
  shell.variables.set(variable, String(fd));
  return fd;
}

/** Changes a process's descriptors, one after the other. Throws `RedirectionError` at the first that cannot be done. */
export function applyChanges(process: Process, changes: readonly Change[]): void {
  for (const change of changes) {
    switch (change.kind) {
      case 'open': {
        const [first, ...others] = change.fds;
        const file = openOrRefuse(process, change.path, change.options);
        for (const fd of others) process.setFile(fd, file.retain());
        if (first !== undefined) process.setFile(first, file);
        break;
      }
      case 'text':
        process.setFile(change.fd, pipeOf(Buffer.from(change.text)));
        break;
      case 'duplicate': {
        const from = process.files.get(change.from);
        if (from === undefined) throw new RedirectionError(`${change.from}: Bad file descriptor`);
        process.setFile(change.fd, from.retain());
        if (change.move && change.from !== change.fd) process.closeFile(change.from);
        break;
      }
      case 'close':
        process.closeFile(change.fd);
    }
  }
}

function openOrRefuse(process: Process, path: string, options: OpenOptions): OpenFile {
  try {
    return openPath(process, path, options);
  } catch (error) {
    if (error instanceof FileError) {
      const text = error.code === 'EEXIST' ? 'cannot overwrite existing file' : error.text;
      throw new RedirectionError(`${path}: ${text}`);
    }
    throw error;
  }
}

/** Applies changes for as long as `body` runs: how functions, builtins and compound commands are redirected. */
export async function withChanges<T>(process: Process, changes: readonly Change[], body: () => Promise<T>): Promise<T> {
  if (changes.length === 0) return body();
  const before = new Map<number, OpenFile>();
  for (const [fd, file] of process.files) before.set(fd, file.retain());
  try {
    applyChanges(process, changes);
    return await body();
  } finally {
    restore(process, before);
  }
}

function restore(process: Process, before: ReadonlyMap<number, OpenFile>): void {
  if (!process.isRunning) {
    for (const file of before.values()) file.release();
    return;
  }
  for (const fd of [...process.files.keys()]) {
    if (!before.has(fd)) process.closeFile(fd);
  }
  for (const [fd, file] of before) process.setFile(fd, file);
}
