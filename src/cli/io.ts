/** Where a command writes. `process.stdout` is one. */
export interface OutputStream {
  write(text: string): unknown;
  /** A terminal: lines may be rewritten and coloured. */
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal, in characters. */
  readonly columns?: number | undefined;
}

/** What a command has of the outside world. */
export interface CliIo {
  /** Results only; with --json one JSON document. */
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Read where a file may be given as `-`. Default: nothing to read. */
  readonly stdin?: AsyncIterable<string | Uint8Array>;
  /** Variables to read. Default: none but Temporal's own, which its library reads from the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first Ctrl-C: the command says what goes on without it, and ends with 130. */
  readonly signal?: AbortSignal;
}
