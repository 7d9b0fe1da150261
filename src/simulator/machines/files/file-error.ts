const TEXTS = {
  EACCES: 'Permission denied',
  EEXIST: 'File exists',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENOENT: 'No such file or directory',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory',
  ENOTEMPTY: 'Directory not empty',
  ENXIO: 'No such device or address',
  EPERM: 'Operation not permitted',
  EINVAL: 'Invalid argument',
} as const;

export type FileErrorCode = keyof typeof TEXTS;

/** A file operation the machine refuses, as its kernel would. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly code: FileErrorCode;
  readonly path: string;

  constructor(code: FileErrorCode, path: string) {
    // Node's form of the message: just-bash's tools recognise it.
    super(`${code}: ${TEXTS[code].toLowerCase()}, '${path}'`);
    this.code = code;
    this.path = path;
  }

  /** As the machine's programs print it: `Permission denied`. */
  get text(): string {
    return TEXTS[this.code];
  }
}
