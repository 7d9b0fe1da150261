import type { ByteString, CpOptions, FileContent, FsStat, IFileSystem, MkdirOptions, RmOptions } from 'just-bash';
import { unsafeBytesFromLatin1 } from 'just-bash';
import { FileError } from '../files/file-error.ts';
import { copyTree, removeTree } from '../files/file-copy.ts';
import type { FileTree, Who } from '../files/file-tree.ts';
import type { Inode } from '../files/inode.ts';
import { resolvePath } from '../files/paths.ts';
import { readChunks } from '../io/read-all.ts';
import { openPath } from '../processes/open-path.ts';
import type { Process } from '../processes/process.ts';

type Encoding = string | { readonly encoding?: string | null } | undefined;

/** A machine's files as just-bash's tools see them: through the process that runs the tool, with its rights. */
export class ProcessFiles implements IFileSystem {
  readonly #process: () => Process;

  constructor(process: () => Process) {
    this.#process = process;
  }

  async readFile(path: string, options?: Encoding): Promise<string> {
    return Buffer.from(await this.readFileBuffer(path)).toString(encodingOf(options));
  }

  async readFileBytes(path: string): Promise<ByteString> {
    return unsafeBytesFromLatin1(Buffer.from(await this.readFileBuffer(path)).toString('latin1'));
  }

  async readFileBuffer(path: string): Promise<Uint8Array> {
    const process = this.#process();
    const file = openPath(process, path, { read: true });
    const content = Buffer.concat(await readChunks(file, process.signal));
    file.release();
    return content;
  }

  async writeFile(path: string, content: FileContent, options?: Encoding): Promise<void> {
    await this.#write(path, content, options, { write: true, create: true, truncate: true });
  }

  async appendFile(path: string, content: FileContent, options?: Encoding): Promise<void> {
    await this.#write(path, content, options, { append: true, create: true });
  }

  exists(path: string): Promise<boolean> {
    return Promise.resolve(this.#tree.exists(path, this.#who));
  }

  stat(path: string): Promise<FsStat> {
    return attempt(() => describe(this.#tree.stat(path, this.#who)));
  }

  lstat(path: string): Promise<FsStat> {
    return attempt(() => describe(this.#tree.stat(path, this.#who, false)));
  }

  mkdir(path: string, options?: MkdirOptions): Promise<void> {
    return attempt(() => this.#tree.makeDirectory(path, this.#who, options?.recursive));
  }

  readdir(path: string): Promise<string[]> {
    return attempt(() => this.#tree.list(path, this.#who));
  }

  rm(path: string, options?: RmOptions): Promise<void> {
    return attempt(() => {
      if (options?.force === true && !this.#tree.exists(path, this.#who, false)) return;
      const isDirectory = this.#tree.stat(path, this.#who, false).kind === 'directory';
      if (options?.recursive === true) removeTree(this.#tree, path, this.#who);
      else this.#tree.remove(path, this.#who, isDirectory);
    });
  }

  cp(source: string, target: string, options?: CpOptions): Promise<void> {
    return attempt(() => copyTree(this.#tree, source, target, this.#who, options?.recursive ?? false));
  }

  mv(source: string, target: string): Promise<void> {
    return attempt(() => this.#tree.rename(source, target, this.#who));
  }

  resolvePath(base: string, path: string): string {
    return resolvePath(base, path);
  }

  getAllPaths(): string[] {
    return [];
  }

  chmod(path: string, mode: number): Promise<void> {
    return attempt(() => this.#tree.changeMode(path, this.#who, mode));
  }

  symlink(target: string, path: string): Promise<void> {
    return attempt(() => this.#tree.makeLink(target, path, this.#who));
  }

  link(existing: string, path: string): Promise<void> {
    return attempt(() => this.#tree.makeHardLink(existing, path, this.#who));
  }

  readlink(path: string): Promise<string> {
    return attempt(() => {
      const inode = this.#tree.stat(path, this.#who, false);
      if (inode.kind !== 'link') throw new FileError('EINVAL', path);
      return inode.target;
    });
  }

  realpath(path: string): Promise<string> {
    return attempt(() => this.#tree.realPath(path, this.#who));
  }

  utimes(path: string, _atime: Date, mtime: Date): Promise<void> {
    return attempt(() => this.#tree.changeTime(path, this.#who, mtime.getTime()));
  }

  get #tree(): FileTree {
    return this.#process().system.files;
  }

  get #who(): Who {
    return this.#process().who;
  }

  async #write(
    path: string,
    content: FileContent,
    options: Encoding,
    how: { readonly write?: boolean; readonly append?: boolean; readonly create: boolean; readonly truncate?: boolean },
  ): Promise<void> {
    const process = this.#process();
    const file = openPath(process, path, how);
    await file.write(typeof content === 'string' ? Buffer.from(content, encodingOf(options)) : content, process.signal);
    file.release();
  }
}

function attempt<T>(action: () => T): Promise<T> {
  return new Promise((resolve) => resolve(action()));
}

function encodingOf(options: Encoding): BufferEncoding {
  const name = typeof options === 'string' ? options : options?.encoding;
  return name === 'binary' || name === 'latin1' ? 'latin1' : name === 'base64' || name === 'hex' ? name : 'utf8';
}

function describe(inode: Inode): FsStat {
  return {
    isFile: inode.kind === 'file' || inode.kind === 'device',
    isDirectory: inode.kind === 'directory',
    isSymbolicLink: inode.kind === 'link',
    mode: inode.mode,
    size: inode.kind === 'file' ? inode.size : 0,
    mtime: new Date(inode.mtimeMs),
    ino: inode.ino,
  };
}
