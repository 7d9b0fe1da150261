import { OpenFile } from './open-file.ts';

/** /dev/null: nothing comes out, everything goes in. */
export class NullFile extends OpenFile {
  read(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  write(): Promise<void> {
    return Promise.resolve();
  }
}
