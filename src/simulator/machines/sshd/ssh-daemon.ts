import type { AddressInfo, Socket } from 'node:net';
import net from 'node:net';
import ssh2 from 'ssh2';
import type { AuthContext, Connection } from 'ssh2';
import type { MachineLog } from '../machine.ts';
import { serveSessions } from './ssh-session.ts';
import type { RunCommand } from './ssh-session.ts';

export interface SshDaemonOptions {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** OpenSSH public keys that may log in; read at each attempt. */
  authorizedKeys(): readonly string[];
  /** Called for each TCP connection, before a byte is answered. */
  onConnection?(connection: ConnectionHandle): void;
  /** Called when it has got so far. */
  onStage?(connection: ConnectionHandle, stage: ConnectionStage): void;
  /** Called in the place of the banner, with what sends it. Default: at once. */
  beforeBanner?(send: () => void): void;
  readonly run: RunCommand;
  readonly log: MachineLog;
}

/** Its banner is sent; its user is logged in; a command of it was started. */
export type ConnectionStage = 'banner' | 'authentication' | 'command';

/** What a fault may do to one connection. */
export interface ConnectionHandle {
  /** Counted from 0, over all boots of the machine. */
  readonly number: number;
  /** Cut it now, without a word. */
  cut(): void;
  /** From now on nothing is read and nothing is written, and nothing says so. */
  hang(): void;
}

const IDENT = 'OpenSSH_8.9p1 Ubuntu-3ubuntu0.10';

/** The machine's sshd: one address, one host key at a time, public keys only, one user. */
export class SshDaemon {
  readonly #options: SshDaemonOptions;
  readonly #sockets = new Map<Socket, ConnectionHandle>();
  #connections = 0;
  #listener: net.Server | undefined;
  #protocol: ssh2.Server | undefined;

  constructor(options: SshDaemonOptions) {
    this.#options = options;
  }

  /** Where it listens; undefined while it is down. */
  get port(): number | undefined {
    return (this.#listener?.address() as AddressInfo | null)?.port;
  }

  /** Listens, and shows this host key. */
  async start(hostKey: string): Promise<void> {
    await this.#listen((socket, handle) => {
      const greet = (): void => {
        if (socket.destroyed || isHung(socket)) return;
        this.#protocol?.injectSocket(socket);
        // ssh2 sends it at the end of this turn.
        setImmediate(() => this.#options.onStage?.(handle, 'banner'));
      };
      if (this.#options.beforeBanner === undefined) greet();
      else this.#options.beforeBanner(greet);
    });
    this.#useHostKey(hostKey);
  }

  /** Listens, takes connections, and never says a word: a machine whose firewall or sshd is not ready. */
  async startSilent(): Promise<void> {
    await this.#listen(() => undefined);
  }

  /** As `systemctl restart ssh` with a new key: connections in progress are cut. */
  restart(hostKey: string): void {
    this.#useHostKey(hostKey);
    this.#cutAll();
  }

  /** Closes the port and cuts every connection. */
  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#protocol = undefined;
    this.#cutAll();
    if (listener !== undefined) await new Promise<void>((resolve) => listener.close(() => resolve()));
  }

  async #listen(onSocket: (socket: Socket, handle: ConnectionHandle) => void): Promise<void> {
    const listener = net.createServer({ noDelay: true }, (socket) => {
      const number = this.#connections++;
      const handle: ConnectionHandle = { number, cut: () => socket.destroy(), hang: () => hang(socket) };
      this.#sockets.set(socket, handle);
      // A client that goes away mid-word is the client's business.
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.#sockets.delete(socket));
      this.#options.log.connection({ kind: 'connected' });
      this.#options.onConnection?.(handle);
      if (!socket.destroyed && !isHung(socket)) onSocket(socket, handle);
    });
    this.#listener = listener;
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(this.#options.port, this.#options.address, () => resolve());
    });
  }

  #useHostKey(hostKey: string): void {
    this.#protocol = new ssh2.Server({ hostKeys: [hostKey], ident: IDENT }, (connection, { port }) =>
      this.#serve(connection, port),
    );
  }

  /** @param port the client's, by which its socket is known */
  #serve(connection: Connection, port: number): void {
    const { log } = this.#options;
    const [, handle] = [...this.#sockets].find(([socket]) => socket.remotePort === port) ?? [];
    const reached = (stage: ConnectionStage): void => {
      if (handle !== undefined) this.#options.onStage?.(handle, stage);
    };
    connection.on('authentication', (attempt) => this.#authenticate(attempt));
    connection.once('ready', () => {
      log.connection({ kind: 'authenticated' });
      reached('authentication');
    });
    connection.once('close', () => log.connection({ kind: 'closed' }));
    // What a broken client sends ends its own connection only; the 'closed' above records it.
    connection.on('error', () => connection.end());
    serveSessions(connection, this.#options.run, {
      command: (event) => {
        log.command(event);
        if (event.exitCode === undefined) reached('command');
      },
    });
  }

  #authenticate(attempt: AuthContext): void {
    if (attempt.method !== 'publickey') {
      attempt.reject(['publickey']);
      return;
    }
    const allowed = attempt.username === this.#options.user && this.#isAuthorized(attempt);
    if (allowed) {
      attempt.accept();
      return;
    }
    this.#options.log.connection({ kind: 'rejected', detail: `Permission denied (publickey) for ${attempt.username}` });
    attempt.reject(['publickey']);
  }

  #isAuthorized(attempt: ssh2.PublicKeyAuthContext): boolean {
    return this.#options.authorizedKeys().some((line) => {
      const key = ssh2.utils.parseKey(line);
      if (key instanceof Error) return false;
      if (!key.getPublicSSH().equals(attempt.key.data)) return false;
      if (attempt.signature === undefined || attempt.blob === undefined) return true;
      // Its declaration forgets that it returns an Error for what it cannot read.
      const verified: unknown = key.verify(attempt.blob, attempt.signature, attempt.hashAlgo);
      return verified === true;
    });
  }

  #cutAll(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }
}

const hung = new WeakSet<Socket>();

function isHung(socket: Socket): boolean {
  return hung.has(socket);
}

/** Nothing is taken off the wire and nothing put on it. Writes pile up in the socket, which therefore never fails. */
function hang(socket: Socket): void {
  hung.add(socket);
  socket.cork();
  socket.pause();
  // Whoever serves it would start it again.
  socket.resume = () => socket;
}
