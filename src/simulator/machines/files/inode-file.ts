import { BadDescriptorError, OpenFile } from '../io/open-file.ts';
import type { FileInode } from './inode.ts';

/** A regular file that somebody opened: its own position in a content that all openers share. */
export class InodeFile extends OpenFile {
  readonly inode: FileInode;
  readonly #can: { readonly read: boolean; readonly write: boolean; readonly append: boolean };
  readonly #now: () => number;
  #offset = 0;

  constructor(
    inode: FileInode,
    can: { readonly read: boolean; readonly write: boolean; readonly append: boolean },
    now: () => number,
  ) {
    super();
    this.inode = inode;
    this.#can = can;
    this.#now = now;
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
    this.inode.write(this.#offset, bytes);
    this.inode.mtimeMs = this.#now();
    this.#offset += bytes.length;
    return Promise.resolve();
  }
}
