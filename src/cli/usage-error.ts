/** The command line, or a file it names, cannot be understood. The message names the flag or the file. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
