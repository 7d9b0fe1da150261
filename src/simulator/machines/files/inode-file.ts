import { BadDescriptorError, OpenFile } from '../io/open-file.ts';
import { FileError } from './file-error.ts';
import type { FileInode } from './inode.ts';

/** A regular file that somebody opened: its own position in a content that all openers share. */
export class InodeFile extends OpenFile {
  readonly inode: FileInode;
  readonly #can: { readonly read: boolean; readonly write: boolean; readonly append: boolean };
  readonly #now: () => number;
  readonly #isFull: () => boolean;
  #offset = 0;

  constructor(
    inode: FileInode,
    can: { readonly read: boolean; readonly write: boolean; readonly append: boolean },
    now: () => number,
    /** The disk it is on takes no more blocks. */
    isFull: () => boolean,
  ) {
    super();
    this.inode = inode;
    this.#can = can;
    this.#now = now;
    this.#isFull = isFull;
  }

  read(max: number): Promise<Uint8Array | undefined> {
    if (!this.#can.read) return Promise.reject(new BadDescriptorError());
    const bytes = Uint8Array.from(this.inode.bytes(this.#offset, this.#offset + max));
    this.#offset += bytes.length;
    return Promise.resolve(bytes.length === 0 ? undefined : bytes);
  }

  write(bytes: Uint8Array): Promise<void> {
    if (!this.#can.write) return Promise.reject(new BadDescriptorError());
    if (this.#can.append) this.#offset = this.inode.size;
    if (this.#isFull() && this.#offset + bytes.length > blocks(this.inode.size) * BLOCK_BYTES) {
      return Promise.reject(new FileError('ENOSPC', 'write error'));
    }
    this.inode.write(this.#offset, bytes);
    this.inode.mtimeMs = this.#now();
    this.#offset += bytes.length;
    return Promise.resolve();
  }
}

const BLOCK_BYTES = 4_096;

function blocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES);
}
