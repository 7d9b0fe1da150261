import { constants } from 'node:os';
import type { Client, ClientChannel } from 'ssh2';
import { abortReason } from './abort-reason.ts';
import { OutputTail } from './output-tail.ts';

export interface SshRunOptions {
  /** Given to the command's standard input, which is then closed. Default: nothing, closed at once. */
  readonly stdin?: string | Buffer;
  /** From sending the command to its end. Default 30 000. Choose it so that a hung connection costs no more than you can afford. */
  readonly timeoutMs?: number;
  /** Per stream; of longer output the tail is kept. Default 1 MiB. */
  readonly maxOutputBytes?: number;
  /** Closes the connection at once; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
  /** Output was longer than `maxOutputBytes`; the beginning is missing. */
  readonly truncated: boolean;
}

export type SshRunResult =
  | (Output & {
      readonly kind: 'exited';
      /** 128 and the signal's number for a command that a signal ended, as a shell would say it. */
      readonly exitCode: number;
      /** `SIGKILL`; only where a signal ended it. */
      readonly signal?: string;
    })
  /** The connection broke. Whether the command ended, and how, is not known. The output is what had arrived. */
  | (Output & { readonly kind: 'connection-lost'; readonly reason: string })
  /** The deadline passed. The connection is closed; the command may still be running. The output is what had arrived. */
  | (Output & { readonly kind: 'timed-out'; readonly reason: string });

/** What running a command needs of the connection it runs on. */
export interface CommandHost {
  readonly client: Client;
  /** Closes the connection at once, for everything that runs on it. */
  abandon(reason: string): void;
  /** Calls back when the connection is lost, with the reason; returns how to stop listening. */
  onLost(listener: (reason: string) => void): () => void;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_OUTPUT_BYTES = 1024 * 1024;

/** One command on one channel, until it has ended, the connection is lost, or its deadline has passed, whatever comes first. */
export function runCommand(host: CommandHost, command: string, options: SshRunOptions): Promise<SshRunResult> {
  const { stdin, timeoutMs = DEFAULT_TIMEOUT_MS, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES, signal } = options;
  const stdout = new OutputTail(maxOutputBytes);
  const stderr = new OutputTail(maxOutputBytes);
  let exit: { readonly exitCode: number; readonly signal?: string } | undefined;

  return new Promise((resolve, reject) => {
    const timer = setTimeout(onDeadline, timeoutMs);
    const stopListening = host.onLost((reason) => end({ kind: 'connection-lost', reason, ...output() }));
    signal?.addEventListener('abort', onAbort);

    // Ends the promise; a second call does nothing.
    function end(result: SshRunResult): void {
      release();
      resolve(result);
    }
    function release(): void {
      clearTimeout(timer);
      stopListening();
      signal?.removeEventListener('abort', onAbort);
    }
    function output(): Output {
      return { stdout: stdout.text(), stderr: stderr.text(), truncated: stdout.truncated || stderr.truncated };
    }
    function onDeadline(): void {
      const held =
        exit === undefined ? '' : `; it exited with ${exit.exitCode}, but something it started holds its output open`;
      end({ kind: 'timed-out', reason: `the command did not end within ${timeoutMs} ms${held}`, ...output() });
      host.abandon('closed, because a command did not end in time');
    }
    function onAbort(): void {
      release();
      reject(abortReason(signal));
      host.abandon('closed, because a command was aborted');
    }
    function onChannel(error: Error | undefined, channel: ClientChannel): void {
      if (error) {
        end({ kind: 'connection-lost', reason: `the server did not start the command: ${error.message}`, ...output() });
        return;
      }
      channel.on('data', (chunk: Buffer) => stdout.push(chunk));
      channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      channel.on('exit', (code: number | null, name?: string) => {
        exit = code === null ? killedBy(name ?? 'SIGKILL') : { exitCode: code };
      });
      // A command need not read what it is given; how it ended says whether that was a mistake.
      channel.on('error', () => undefined);
      channel.on('close', () => {
        if (exit) end({ kind: 'exited', ...exit, ...output() });
        else end({ kind: 'connection-lost', reason: 'the command ended without an exit status', ...output() });
      });
      channel.end(stdin);
    }

    try {
      host.client.exec(command, onChannel);
    } catch (error) {
      // ssh2 throws when the socket is no longer writable, before it has told us so.
      end({ kind: 'connection-lost', reason: error instanceof Error ? error.message : String(error), ...output() });
    }
  });
}

function killedBy(signal: string): { readonly exitCode: number; readonly signal: string } {
  const number =
    (constants.signals as Readonly<Record<string, number | undefined>>)[signal] ?? constants.signals.SIGKILL;
  return { exitCode: 128 + number, signal };
}
