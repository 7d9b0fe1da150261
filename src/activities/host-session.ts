import type { SshConnection } from '../clients/ssh/index.ts';
import { connectHost } from './connect-host.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { HostInput } from './types.ts';

/** A connection to one machine that is made again when it was lost. */
export class HostSession {
  readonly #dependencies: ActivityDependencies;
  readonly #host: HostInput;
  #connection: SshConnection | undefined;
  /** Why there was no connection the last time one was asked for. */
  trouble = 'not connected yet';

  constructor(dependencies: ActivityDependencies, host: HostInput) {
    this.#dependencies = dependencies;
    this.#host = host;
  }

  /** Undefined: there is none now, and `trouble` says why. */
  async connection(signal: AbortSignal): Promise<SshConnection | undefined> {
    if (this.#connection !== undefined && this.#connection.lost === undefined) return this.#connection;
    this.#connection = undefined;
    const result = await connectHost(this.#dependencies, this.#host, signal);
    if (result.kind === 'connected') this.#connection = result.connection;
    else this.trouble = result.reason;
    return this.#connection;
  }

  drop(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}
