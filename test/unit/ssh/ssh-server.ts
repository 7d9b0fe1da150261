import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { Connection, ServerChannel } from 'ssh2';
import { onTestFinished } from 'vitest';
import { deriveHostKey } from '../../../src/clients/ssh/index.ts';

// ssh2's own generateKeyPairSync('ed25519') drops leading zeros: one of 256 keys it makes is unreadable, for itself too.
export const clientKey = newKey();
export const otherKey = newKey();
export const hostKey = newKey();

export interface TestServer {
  readonly port: number;
  /** Every authentication request that arrived, with its method. */
  readonly authentications: string[];
  /** Every command line that arrived. */
  readonly commands: string[];
  readonly sockets: ReadonlySet<Socket>;
}

export interface TestServerOptions {
  readonly hostKeys?: string[];
  /** Default: runs the command in sh, in this folder. */
  readonly exec?: (channel: ServerChannel, command: string, connection: Connection) => void;
  readonly cwd?: string;
  readonly onSocket?: (socket: Socket, hand: () => void) => void;
  readonly refuseExec?: boolean;
  /** Sent before the authentication. */
  readonly banner?: string;
}

/** A real SSH server that lets `clientKey` in as `ubuntu`; it goes away with the test. */
export async function startSshServer(options: TestServerOptions = {}): Promise<TestServer> {
  const authentications: string[] = [];
  const commands: string[] = [];
  const { banner, hostKeys = [hostKey.private] } = options;
  const server = new ssh2.Server({ hostKeys, ...(banner === undefined ? {} : { banner }) }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      authentications.push(context.method);
      const known = wire(clientKey.public);
      if (context.username === 'ubuntu' && context.method === 'publickey' && context.key.data.equals(known)) {
        context.accept();
      } else {
        context.reject(['publickey']);
      }
    });
    connection.on('session', (accept) => {
      accept().on('exec', (acceptExec, rejectExec, { command }) => {
        commands.push(command);
        if (options.refuseExec) {
          rejectExec();
          return;
        }
        const channel = acceptExec();
        if (options.exec) options.exec(channel, command, connection);
        else runInShell(channel, command, options.cwd);
      });
    });
  });
  const { port, sockets } = await startTcpServer((socket) => {
    const hand = (): void => server.injectSocket(socket);
    if (options.onSocket) options.onSocket(socket, hand);
    else hand();
  });
  return { port, authentications, commands, sockets };
}

/** A plain TCP server; it goes away with the test. */
export async function startTcpServer(
  onSocket: (socket: Socket) => void,
): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

export function newKey(): { readonly private: string; readonly public: string } {
  const key = deriveHostKey({ secret: randomBytes(32), salt: 'test' });
  return { private: key.privateKeyOpenSsh, public: key.publicKeyOpenSsh };
}

/** The base64 part of a public key line, decoded. */
export function wire(publicKeyLine: string): Buffer {
  return Buffer.from(publicKeyLine.split(' ')[1] ?? '', 'base64');
}

function runInShell(channel: ServerChannel, command: string, cwd?: string): void {
  const child = spawn('sh', ['-c', command], { cwd });
  channel.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on('close', (code, signal) => {
    if (signal) channel.exit(signal.slice('SIG'.length));
    else channel.exit(code ?? 1);
    channel.end();
  });
}
