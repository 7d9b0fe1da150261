import type { Process } from '../processes/process.ts';

const READ = 4;
const WRITE = 2;
const EXECUTE = 1;

/** `-e`, `-f`, `-d`, `-x` … of `test` and `[[`, in the name of the process's user. */
export function fileIs(process: Process, operator: string, path: string): boolean {
  const tree = process.system.files;
  const absolute = process.resolve(path);
  const isLink = operator === '-L' || operator === '-h';
  if (path === '' || !tree.exists(absolute, process.who, !isLink)) return false;
  const inode = tree.stat(absolute, process.who, !isLink);
  switch (operator) {
    case '-a':
    case '-e':
      return true;
    case '-f':
      return inode.kind === 'file';
    case '-d':
      return inode.kind === 'directory';
    case '-L':
    case '-h':
      return inode.kind === 'link';
    case '-c':
      return inode.kind === 'device';
    case '-s':
      return inode.kind === 'file' ? inode.size > 0 : inode.kind === 'directory';
    case '-r':
      return tree.may(inode, process.who, READ);
    case '-w':
      return tree.may(inode, process.who, WRITE);
    case '-x':
      return tree.may(inode, process.who, EXECUTE);
    case '-O':
      return inode.uid === process.user.uid;
    case '-G':
      return inode.gid === process.user.gid;
    default:
      return false;
  }
}
