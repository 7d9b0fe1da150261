import type { OpenFile } from '../io/open-file.ts';

/** Ownership, permission bits (0o7777) and time of last change (simulated milliseconds since the epoch). */
export interface Attributes {
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
}

/** Whatever a name in a directory can stand for. Hard links are two names for one of these. */
export type Inode = FileInode | DirectoryInode | LinkInode | DeviceInode;

let inodes = 0;

abstract class Node implements Attributes {
  readonly ino: number = ++inodes;
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;

  constructor(attributes: Attributes) {
    this.mode = attributes.mode;
    this.uid = attributes.uid;
    this.gid = attributes.gid;
    this.mtimeMs = attributes.mtimeMs;
  }
}

export class FileInode extends Node {
  readonly kind = 'file';
  links = 1;
  #data: Uint8Array;
  #size: number;

  constructor(attributes: Attributes, content: Uint8Array | string = '') {
    super(attributes);
    this.#data = typeof content === 'string' ? Buffer.from(content) : content;
    this.#size = this.#data.length;
  }

  get size(): number {
    return this.#size;
  }

  /** A view, valid until the next write. */
  bytes(from = 0, to = this.#size): Uint8Array {
    return this.#data.subarray(from, Math.min(to, this.#size));
  }

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (end > this.#data.length) {
      // Doubling keeps a growing log from being copied for each line.
      const grown = new Uint8Array(Math.max(end, this.#data.length * 2));
      grown.set(this.bytes());
      this.#data = grown;
    }
    this.#data.set(bytes, offset);
    this.#size = Math.max(this.#size, end);
  }

  truncate(size = 0): void {
    this.#data = this.#data.slice(0, Math.min(size, this.#size));
    if (this.#data.length < size) {
      const grown = new Uint8Array(size);
      grown.set(this.#data);
      this.#data = grown;
    }
    this.#size = size;
  }
}

export class DirectoryInode extends Node {
  readonly kind = 'directory';
  readonly #entries = new Map<string, Inode | undefined>();
  readonly #base: ReadonlyMap<string, string>;

  /** @param base names and contents of executable files that every machine has; they become files of this machine when first looked at */
  constructor(attributes: Attributes, base: ReadonlyMap<string, string> = new Map()) {
    super(attributes);
    this.#base = base;
  }

  get(name: string): Inode | undefined {
    if (this.#entries.has(name)) return this.#entries.get(name);
    const content = this.#base.get(name);
    if (content === undefined) return undefined;
    const file = new FileInode({ mode: 0o755, uid: 0, gid: 0, mtimeMs: this.mtimeMs }, content);
    this.#entries.set(name, file);
    return file;
  }

  set(name: string, inode: Inode): void {
    this.#entries.set(name, inode);
  }

  delete(name: string): void {
    if (this.#base.has(name)) this.#entries.set(name, undefined);
    else this.#entries.delete(name);
  }

  names(): string[] {
    const names = new Set(this.#base.keys());
    for (const [name, inode] of this.#entries) {
      if (inode === undefined) names.delete(name);
      else names.add(name);
    }
    return [...names].sort();
  }

  get isEmpty(): boolean {
    return this.names().length === 0;
  }
}

export class LinkInode extends Node {
  readonly kind = 'link';
  readonly target: string;

  constructor(attributes: Attributes, target: string) {
    super(attributes);
    this.target = target;
  }
}

/** Something that answers for itself: /dev/null, or a file under /proc. */
export class DeviceInode extends Node {
  readonly kind = 'device';
  readonly open: () => OpenFile;

  constructor(attributes: Attributes, open: () => OpenFile) {
    super(attributes);
    this.open = open;
  }
}
