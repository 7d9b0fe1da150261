import type { OpenFile } from '../io/open-file.ts';
import { FileError } from './file-error.ts';
import { DirectoryInode, FileInode, LinkInode } from './inode.ts';
import type { Inode } from './inode.ts';
import { InodeFile } from './inode-file.ts';
import { resolvePath } from './paths.ts';

/** In whose name a file operation is done. */
export interface Who {
  readonly uid: number;
  readonly gid: number;
  readonly umask: number;
}

export const ROOT: Who = { uid: 0, gid: 0, umask: 0o022 };

export interface OpenOptions {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly append?: boolean;
  readonly create?: boolean;
  readonly truncate?: boolean;
  /** With `create`: it must not exist yet. */
  readonly exclusive?: boolean;
  /** Permission bits of a new file before the umask. Default 0o666. */
  readonly mode?: number;
}

interface Place {
  readonly directory: DirectoryInode;
  readonly name: string;
  readonly inode: Inode | undefined;
  /** Where it really is, links followed. */
  readonly path: string;
}

const MAX_LINKS = 40;
const READ = 4;
const WRITE = 2;
const EXECUTE = 1;
const STICKY = 0o1000;
/** No disk is behind these. */
const IN_MEMORY = /^\/(run|dev|proc)\//;

/**
 * A machine's files: a tree of inodes with owners and permission bits, kept in memory, never on the host. Every operation is done in
 * somebody's name and refused (`FileError`) where Linux would refuse it. Paths are absolute.
 */
export class FileTree {
  readonly root: DirectoryInode;
  readonly #now: () => number;
  readonly #isFull: () => boolean;

  /** @param isFull the disk takes no more blocks */
  constructor(now: () => number, isFull: () => boolean) {
    this.#now = now;
    this.#isFull = isFull;
    this.root = new DirectoryInode({ mode: 0o755, uid: 0, gid: 0, mtimeMs: now() });
  }

  /** What is there, links followed unless `follow` is false. Throws ENOENT, ENOTDIR, EACCES, ELOOP. */
  stat(path: string, who: Who, follow = true): Inode {
    const { inode } = this.#find(path, who, follow);
    if (inode === undefined) throw new FileError('ENOENT', path);
    return inode;
  }

  exists(path: string, who: Who, follow = true): boolean {
    try {
      this.stat(path, who, follow);
      return true;
    } catch (error) {
      if (error instanceof FileError) return false;
      throw error;
    }
  }

  /** May `who` do this to what is there? (4 read, 2 write, 1 execute; root may all, but execute only what anybody may.) */
  may(inode: Inode, who: Who, access: number): boolean {
    if (who.uid === 0) return access !== EXECUTE || inode.kind !== 'file' || (inode.mode & 0o111) !== 0;
    const shift = inode.uid === who.uid ? 6 : inode.gid === who.gid ? 3 : 0;
    return ((inode.mode >> shift) & access) === access;
  }

  realPath(path: string, who: Who): string {
    const place = this.#find(path, who, true);
    if (place.inode === undefined) throw new FileError('ENOENT', path);
    return place.path;
  }

  open(path: string, who: Who, options: OpenOptions): OpenFile {
    const writes = options.write === true || options.append === true;
    const { directory, name, inode, path: place } = this.#find(path, who, true);
    if (inode === undefined) {
      if (options.create !== true) throw new FileError('ENOENT', path);
      this.#require(directory, who, WRITE, path);
      const file = new FileInode(this.#attributes(who, (options.mode ?? 0o666) & ~who.umask));
      directory.set(name, file);
      directory.mtimeMs = this.#now();
      return this.#openFile(file, options, place);
    }
    if (options.exclusive === true) throw new FileError('EEXIST', path);
    if (options.read === true) this.#require(inode, who, READ, path);
    if (writes) this.#require(inode, who, WRITE, path);
    if (inode.kind === 'directory') throw new FileError('EISDIR', path);
    if (inode.kind === 'device') return inode.open();
    if (inode.kind === 'link') throw new FileError('ELOOP', path);
    if (options.truncate === true) {
      inode.truncate();
      inode.mtimeMs = this.#now();
    }
    return this.#openFile(inode, options, place);
  }

  readFile(path: string, who: Who): Uint8Array {
    const inode = this.stat(path, who);
    this.#require(inode, who, READ, path);
    if (inode.kind === 'directory') throw new FileError('EISDIR', path);
    if (inode.kind !== 'file') throw new FileError('EINVAL', path);
    return Uint8Array.from(inode.bytes());
  }

  writeFile(path: string, who: Who, content: Uint8Array | string, mode?: number): void {
    const options = { write: true, create: true, truncate: true, ...(mode === undefined ? {} : { mode }) };
    const file = this.open(path, who, options);
    if (file instanceof InodeFile) file.inode.write(0, typeof content === 'string' ? Buffer.from(content) : content);
    file.release();
  }

  list(path: string, who: Who): string[] {
    const inode = this.stat(path, who);
    if (inode.kind !== 'directory') throw new FileError('ENOTDIR', path);
    this.#require(inode, who, READ, path);
    return inode.names();
  }

  /** @param parents make what is missing above too, and do not mind if it exists */
  makeDirectory(path: string, who: Who, parents = false, mode = 0o777): void {
    const { directory, name, inode } = this.#find(path, who, true, parents);
    if (inode !== undefined) {
      if (parents && inode.kind === 'directory') return;
      throw new FileError('EEXIST', path);
    }
    this.#require(directory, who, WRITE, path);
    if (this.#isFull() && !IN_MEMORY.test(path)) throw new FileError('ENOSPC', path);
    directory.set(name, new DirectoryInode(this.#attributes(who, mode & ~who.umask)));
    directory.mtimeMs = this.#now();
  }

  makeLink(target: string, path: string, who: Who): void {
    this.#place(path, who, new LinkInode(this.#attributes(who, 0o777), target));
  }

  makeHardLink(existing: string, path: string, who: Who): void {
    const inode = this.stat(existing, who, false);
    if (inode.kind === 'directory') throw new FileError('EPERM', existing);
    this.#place(path, who, inode);
    if (inode.kind === 'file') inode.links += 1;
  }

  /** Puts an inode of the image in its place: for boot, not for users. */
  mount(path: string, inode: Inode): void {
    const { directory, name } = this.#find(path, ROOT, true, true);
    directory.set(name, inode);
  }

  /** Removes a name. A directory must be empty, and `directory` said. */
  remove(path: string, who: Who, directory = false): void {
    const place = this.#find(path, who, false);
    if (place.inode === undefined) throw new FileError('ENOENT', path);
    if (place.inode.kind === 'directory') {
      if (!directory) throw new FileError('EISDIR', path);
      if (!place.inode.isEmpty) throw new FileError('ENOTEMPTY', path);
    } else if (directory) throw new FileError('ENOTDIR', path);
    this.#requireRemovable(place, who, path);
    this.#unlink(place);
  }

  /** Moves in one step; replaces a file (or an empty directory by a directory) that is there. */
  rename(from: string, to: string, who: Who): void {
    const source = this.#find(from, who, false);
    if (source.inode === undefined) throw new FileError('ENOENT', from);
    const target = this.#find(to, who, false);
    this.#requireRemovable(source, who, from);
    this.#require(target.directory, who, WRITE, to);
    if (target.inode === source.inode) return;
    if (source.inode.kind === 'directory' && `${target.path}/`.startsWith(`${source.path}/`)) {
      throw new FileError('EINVAL', to);
    }
    if (target.inode !== undefined) {
      if (target.inode.kind === 'directory') {
        if (source.inode.kind !== 'directory') throw new FileError('EISDIR', to);
        if (!target.inode.isEmpty) throw new FileError('ENOTEMPTY', to);
      } else if (source.inode.kind === 'directory') throw new FileError('ENOTDIR', to);
      this.#requireRemovable(target, who, to);
      this.#unlink(target);
    }
    source.directory.delete(source.name);
    target.directory.set(target.name, source.inode);
    source.directory.mtimeMs = target.directory.mtimeMs = this.#now();
  }

  changeMode(path: string, who: Who, mode: number): void {
    const inode = this.stat(path, who);
    if (who.uid !== 0 && who.uid !== inode.uid) throw new FileError('EPERM', path);
    inode.mode = mode & 0o7777;
  }

  changeOwner(path: string, who: Who, owner: { readonly uid?: number; readonly gid?: number }, follow = true): void {
    const inode = this.stat(path, who, follow);
    const changes = (owner.uid ?? inode.uid) !== inode.uid || (owner.gid ?? inode.gid) !== inode.gid;
    if (changes && who.uid !== 0) throw new FileError('EPERM', path);
    inode.uid = owner.uid ?? inode.uid;
    inode.gid = owner.gid ?? inode.gid;
  }

  changeTime(path: string, who: Who, mtimeMs: number): void {
    const inode = this.stat(path, who);
    if (who.uid !== 0 && who.uid !== inode.uid) this.#require(inode, who, WRITE, path);
    inode.mtimeMs = mtimeMs;
  }

  #openFile(inode: FileInode, options: OpenOptions, path: string): OpenFile {
    const append = options.append === true;
    return new InodeFile(
      inode,
      { read: options.read === true, write: options.write === true || append, append },
      this.#now,
      IN_MEMORY.test(path) ? () => false : this.#isFull,
    );
  }

  #attributes(who: Who, mode: number): { mode: number; uid: number; gid: number; mtimeMs: number } {
    return { mode, uid: who.uid, gid: who.gid, mtimeMs: this.#now() };
  }

  #place(path: string, who: Who, inode: Inode): void {
    const place = this.#find(path, who, false);
    if (place.inode !== undefined) throw new FileError('EEXIST', path);
    this.#require(place.directory, who, WRITE, path);
    place.directory.set(place.name, inode);
    place.directory.mtimeMs = this.#now();
  }

  #unlink(place: Place): void {
    if (place.inode?.kind === 'file') place.inode.links -= 1;
    place.directory.delete(place.name);
    place.directory.mtimeMs = this.#now();
  }

  #require(inode: Inode, who: Who, access: number, path: string): void {
    if (!this.may(inode, who, access)) throw new FileError('EACCES', path);
  }

  #requireRemovable(place: Place, who: Who, path: string): void {
    this.#require(place.directory, who, WRITE, path);
    const sticky = (place.directory.mode & STICKY) !== 0;
    const owns = who.uid === 0 || who.uid === place.inode?.uid || who.uid === place.directory.uid;
    if (sticky && !owns) throw new FileError('EPERM', path);
  }

  /** Walks to where `path` is or would be. The directory above must exist, unless `make`. */
  #find(path: string, who: Who, follow: boolean, make = false, links = 0): Place {
    const parts = resolvePath('/', path).split('/').slice(1);
    let directory = this.root;
    let at = '';
    for (const [index, name] of parts.entries()) {
      if (name === '') return { directory, name: '.', inode: this.root, path: '/' };
      this.#require(directory, who, EXECUTE, path);
      const last = index === parts.length - 1;
      let inode = directory.get(name);
      if (inode?.kind === 'link' && (follow || !last)) {
        if (links >= MAX_LINKS) throw new FileError('ELOOP', path);
        const rest = parts.slice(index + 1).join('/');
        const target = resolvePath(at === '' ? '/' : at, inode.target);
        return this.#find(`${target}/${rest}`, who, follow, make, links + 1);
      }
      if (last) return { directory, name, inode, path: `${at}/${name}` };
      if (inode === undefined) {
        if (!make) throw new FileError('ENOENT', path);
        this.#require(directory, who, WRITE, path);
        inode = new DirectoryInode(this.#attributes(who, 0o777 & ~who.umask));
        directory.set(name, inode);
      }
      if (inode.kind !== 'directory') throw new FileError('ENOTDIR', path);
      directory = inode;
      at = `${at}/${name}`;
    }
    return { directory, name: '.', inode: this.root, path: '/' };
  }
}
