import { setMaxListeners } from 'node:events';
import type { Connection, ServerChannel } from 'ssh2';
import type { OpenFile } from '../io/open-file.ts';
import { ChannelFile, stdinOf } from './channel-files.ts';

/** What a command that came over SSH is given. */
export interface CommandFiles {
  readonly stdin: OpenFile;
  readonly stdout: OpenFile;
  readonly stderr: OpenFile;
}

/**
 * Runs one command line as the user who logged in; resolves with its exit code. It must let go of all three files. `over` aborts when the
 * connection is gone, and is the same for all commands of it.
 */
export type RunCommand = (command: string, files: CommandFiles, over: AbortSignal) => Promise<number>;

export interface SessionEvents {
  command(event: { readonly command: string; readonly stdinBytes: number; readonly exitCode?: number }): void;
}

const NO_SHELL =
  'Interactive sessions are not simulated: send a command (ssh host command), or a script on stdin (ssh host bash -s).\n';

/** Serves the sessions of one authenticated connection: commands only, no terminal, no subsystem, no forwarding. */
export function serveSessions(connection: Connection, run: RunCommand, events: SessionEvents): void {
  const gone = new AbortController();
  // One listener for each session that is open: any number is right.
  setMaxListeners(0, gone.signal);
  connection.once('close', () => gone.abort());
  connection.on('session', (acceptSession) => {
    const session = acceptSession();
    session.on('pty', (accept) => accept());
    session.on('env', (accept) => (accept as (() => void) | undefined)?.());
    session.on('exec', (accept, _reject, info) => serveCommand(accept(), info.command, run, events, gone.signal));
    session.on('shell', (accept) => {
      const channel = accept();
      channel.stderr.write(NO_SHELL);
      channel.exit(1);
      channel.end();
    });
  });
}

/**
 * As OpenSSH has it: the exit status goes out when the command ends, the channel closes only when nothing on the machine holds its
 * output any more. So `sleep 60 &` without redirections keeps the client waiting.
 */
function serveCommand(
  channel: ServerChannel,
  command: string,
  run: RunCommand,
  events: SessionEvents,
  connectionGone: AbortSignal,
): void {
  const closed = new AbortController();
  const close = (): void => {
    connectionGone.removeEventListener('abort', close);
    closed.abort();
  };
  channel.once('close', close);
  connectionGone.addEventListener('abort', close, { once: true });

  let held = 2;
  let ended = false;
  const closeWhenDone = (): void => {
    if (ended && held === 0 && !closed.signal.aborted) channel.end();
  };
  const onReleased = (): void => {
    held -= 1;
    closeWhenDone();
  };
  let stdinBytes = 0;
  const files: CommandFiles = {
    stdin: stdinOf(channel, closed.signal, (count) => (stdinBytes += count)),
    stdout: new ChannelFile(channel, closed.signal, onReleased),
    stderr: new ChannelFile(channel.stderr, closed.signal, onReleased),
  };
  events.command({ command, stdinBytes: 0 });
  const finish = (exitCode: number): void => {
    events.command({ command, stdinBytes, exitCode });
    ended = true;
    if (!closed.signal.aborted) channel.exit(exitCode);
    closeWhenDone();
  };
  run(command, files, connectionGone).then(finish, () => finish(255));
}
