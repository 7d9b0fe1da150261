import type { Socket } from 'node:net';
import type { Client } from 'ssh2';
import { runCommand } from './run-command.ts';
import type { SshRunOptions, SshRunResult } from './run-command.ts';
import { uploadCommand } from './upload-command.ts';
import type { SshUploadOptions } from './upload-command.ts';

/**
 * An authenticated connection to one machine. It is meant to be short-lived: when it is lost, every command on it ends with
 * `connection-lost`, and so does each later one; open a new one.
 */
export class SshConnection {
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #listeners = new Set<(reason: string) => void>();
  #lost: string | undefined;

  /** Made by connectSsh; `client` has just become ready. */
  constructor(client: Client, socket: Socket) {
    this.#client = client;
    this.#socket = socket;
    client.on('error', (error) => this.#lose(`the connection broke: ${error.message}`));
    client.on('close', () => this.#lose('the connection was closed by the other side'));
  }

  /** Why the connection cannot be used any more; undefined while it can. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /**
   * Runs a command line in the login shell of the machine's user. Several may run at once; the deadline or the abort of one closes
   * the connection for all.
   *
   * The command line shows in the machine's process list and in logs: give secrets by `stdin`.
   */
  async run(command: string, options: SshRunOptions = {}): Promise<SshRunResult> {
    options.signal?.throwIfAborted();
    if (this.#lost !== undefined) {
      return { kind: 'connection-lost', reason: this.#lost, stdout: '', stderr: '', truncated: false };
    }
    const host = {
      client: this.#client,
      abandon: (reason: string) => this.#lose(reason),
      onLost: (listener: (reason: string) => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
    return runCommand(host, command, options);
  }

  /**
   * Writes a file: whole or not at all, and never readable by others than `mode` says. The result is that of the command which
   * writes it: exit code 0 is success. A file that is there is replaced; the folder must exist; a folder is not replaced.
   *
   * @param path is taken literally (no `~`, no wildcards); relative ones start at the user's home.
   */
  async upload(path: string, content: string | Buffer, options: SshUploadOptions): Promise<SshRunResult> {
    const { timeoutMs, signal } = options;
    const bytes = Buffer.from(content);
    return this.run(uploadCommand(path, bytes.length, options), {
      stdin: bytes,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(signal !== undefined && { signal }),
    });
  }

  /** Ends the connection and everything that runs on it. Calling it again does nothing. */
  close(): void {
    // Says good-bye, so that the server does not log a broken connection.
    if (this.#lost === undefined) this.#client.end();
    this.#lose('the connection was closed by this side');
  }

  #lose(reason: string): void {
    this.#lost ??= reason;
    // Not a graceful end: a peer that hangs would keep the socket for ever.
    this.#socket.destroy();
    for (const listener of [...this.#listeners]) listener(this.#lost);
  }
}
