import { FileError } from './file-error.ts';
import type { FileTree, Who } from './file-tree.ts';

/** Removes a file, or a directory with all that is in it. */
export function removeTree(tree: FileTree, path: string, who: Who): void {
  const inode = tree.stat(path, who, false);
  if (inode.kind === 'directory') {
    for (const name of tree.list(path, who)) removeTree(tree, `${path}/${name}`, who);
  }
  tree.remove(path, who, inode.kind === 'directory');
}

/** Copies a file's content and permission bits, or a directory with all that is in it. An existing file keeps its own bits. */
export function copyTree(tree: FileTree, from: string, to: string, who: Who, recursive: boolean): void {
  const inode = tree.stat(from, who, !recursive);
  if (inode.kind === 'link') {
    tree.makeLink(inode.target, to, who);
  } else if (inode.kind === 'directory') {
    if (!recursive) throw new FileError('EISDIR', from);
    tree.makeDirectory(to, who, true, inode.mode);
    for (const name of tree.list(from, who)) copyTree(tree, `${from}/${name}`, `${to}/${name}`, who, true);
  } else {
    tree.writeFile(to, who, inode.kind === 'file' ? tree.readFile(from, who) : '', inode.mode);
  }
}
