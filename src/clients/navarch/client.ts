import type { CallOptions, Client } from '@connectrpc/connect';
import { createClient } from '@connectrpc/connect';
import { NavarchError, navarchErrorFrom } from './errors.ts';
import { ControlPlaneService, InstanceState, NodeCommandType, NodeStatus } from './gen/navarch_pb.ts';
import { instanceFrom } from './instance.ts';
import type { NavarchInstance, NavarchInstanceState } from './instance.ts';
import { nodeFrom } from './node.ts';
import type { NavarchNode, NavarchNodeStatus } from './node.ts';
import { registrationRequest } from './registration.ts';
import type { NavarchAgentConfig, NavarchRegistration } from './registration.ts';
import { millisecondsOf } from './timestamp.ts';
import { createTransport, requireBaseUrl } from './transport.ts';
import type { ClosableTransport } from './transport.ts';

/** Asked again for each call, so that a token which was replaced on disk takes effect. */
export type NavarchAuthToken = string | (() => string | undefined | Promise<string | undefined>);

export interface NavarchClientOptions {
  /** Of the control plane, for example `http://navarch.internal:50051`. */
  readonly baseUrl: string;
  /** Sent as a bearer token. Without one, no token is sent. */
  readonly authToken?: NavarchAuthToken;
  /** For each call, from connecting to the end of the answer. Default 10 000. */
  readonly timeoutMs?: number;
  /** Default `navarch-provisioner`. */
  readonly userAgent?: string;
  /** Default 1.1, which every proxy passes. With 2, calls share one connection, and `close` matters. */
  readonly httpVersion?: '1.1' | '2';
}

export interface NavarchCallOptions {
  /** Ends the call at once; it rejects with the signal's reason. Whether it had an effect is then not known. */
  readonly signal?: AbortSignal;
}

export interface NavarchCommand {
  readonly nodeId: string;
  /** cordon, uncordon and drain change Navarch's record only; terminate makes the agent exit, or the next one of that node id. */
  readonly command: 'cordon' | 'uncordon' | 'drain' | 'terminate';
  readonly parameters?: Readonly<Record<string, string>>;
}

const COMMAND_TYPES: Readonly<Record<NavarchCommand['command'], NodeCommandType>> = {
  cordon: NodeCommandType.CORDON,
  uncordon: NodeCommandType.UNCORDON,
  drain: NodeCommandType.DRAIN,
  terminate: NodeCommandType.TERMINATE,
};

/**
 * Navarch's control plane, as far as a provisioner needs it. Every call may be repeated. Each rejects with a NavarchError, with the
 * signal's reason, or with what `authToken` throws.
 */
export class NavarchClient {
  readonly #baseUrl: string;
  readonly #authToken: NavarchAuthToken | undefined;
  readonly #timeoutMs: number;
  readonly #userAgent: string;
  readonly #transport: ClosableTransport;
  readonly #rpc: Client<typeof ControlPlaneService>;

  /** @throws TypeError for a base URL that is none. */
  constructor(options: NavarchClientOptions) {
    this.#baseUrl = requireBaseUrl(options.baseUrl);
    this.#authToken = options.authToken;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#userAgent = options.userAgent ?? 'navarch-provisioner';
    this.#transport = createTransport(this.#baseUrl, options.httpVersion ?? '1.1');
    this.#rpc = createClient(ControlPlaneService, this.#transport.transport);
  }

  /** The node, or undefined where Navarch does not know it. */
  async getNode(nodeId: string, options?: NavarchCallOptions): Promise<NavarchNode | undefined> {
    try {
      const { node } = await this.#call('GetNode', options, (call) => this.#rpc.getNode({ nodeId }, call));
      if (node) return nodeFrom(node);
    } catch (error) {
      if (error instanceof NavarchError && error.kind === 'not_found') return undefined;
      throw error;
    }
    throw new NavarchError('unexpected', `Navarch at ${this.#baseUrl}: GetNode: the answer has no field node`);
  }

  /** Every node registered since the control plane started, also those that are long gone. */
  async listNodes(
    filter: { readonly provider?: string; readonly region?: string; readonly status?: NavarchNodeStatus } = {},
    options?: NavarchCallOptions,
  ): Promise<NavarchNode[]> {
    const { provider = '', region = '', status = 'UNKNOWN' } = filter;
    const request = { provider, region, status: NodeStatus[status] };
    const { nodes } = await this.#call('ListNodes', options, (call) => this.#rpc.listNodes(request, call));
    return nodes.map(nodeFrom);
  }

  /** Makes a node known, or known again: ACTIVE whatever it was, with these fields, and with its old heartbeat. */
  async registerNode(node: NavarchRegistration, options?: NavarchCallOptions): Promise<NavarchAgentConfig> {
    const request = registrationRequest(node);
    const answer = await this.#call('RegisterNode', options, (call) => this.#rpc.registerNode(request, call));
    if (!answer.success) {
      throw new NavarchError('unexpected', `Navarch at ${this.#baseUrl} did not register the node: ${answer.message}`);
    }
    return {
      heartbeatIntervalSeconds: answer.config?.heartbeatIntervalSeconds ?? 0,
      healthCheckIntervalSeconds: answer.config?.healthCheckIntervalSeconds ?? 0,
      enabledHealthChecks: [...(answer.config?.enabledHealthChecks ?? [])],
    };
  }

  /** Rejects with `not_found` for an unknown node, with `conflict` where its status does not allow the command. */
  async issueCommand(
    { nodeId, command, parameters }: NavarchCommand,
    options?: NavarchCallOptions,
  ): Promise<{ readonly commandId: string; readonly issuedAtMs?: number }> {
    const request = { nodeId, commandType: COMMAND_TYPES[command], parameters: { ...parameters } };
    const answer = await this.#call('IssueCommand', options, (call) => this.#rpc.issueCommand(request, call));
    const issuedAtMs = millisecondsOf(answer.issuedAt);
    return { commandId: answer.commandId, ...(issuedAtMs !== undefined && { issuedAtMs }) };
  }

  /** The machines of Navarch's own pools; a node that we provisioned is not among them. */
  async listInstances(
    filter: {
      readonly provider?: string;
      readonly region?: string;
      readonly state?: NavarchInstanceState;
      readonly poolName?: string;
    } = {},
    options?: NavarchCallOptions,
  ): Promise<NavarchInstance[]> {
    const { provider = '', region = '', state = 'UNKNOWN', poolName = '' } = filter;
    const request = { provider, region, state: InstanceState[state], poolName };
    const { instances } = await this.#call('ListInstances', options, (call) => this.#rpc.listInstances(request, call));
    return instances.map(instanceFrom);
  }

  /** Closes the connection that HTTP/2 keeps. Idempotent; no call may follow. */
  close(): void {
    this.#transport.close();
  }

  async #call<T>(
    method: string,
    { signal }: NavarchCallOptions = {},
    send: (call: CallOptions) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const token = await this.#token();
    const headers: Record<string, string> = { 'User-Agent': this.#userAgent };
    if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
    try {
      return await send({ headers, timeoutMs: this.#timeoutMs, ...(signal && { signal }) });
    } catch (error) {
      signal?.throwIfAborted();
      throw navarchErrorFrom(error, { baseUrl: this.#baseUrl, method, timeoutMs: this.#timeoutMs, token });
    }
  }

  async #token(): Promise<string | undefined> {
    const given = typeof this.#authToken === 'function' ? await this.#authToken() : this.#authToken;
    const token = given?.trim();
    if (token === undefined || token === '') return undefined;
    // Otherwise the HTTP library complains, and quotes the token.
    if (!/^[\x21-\x7e]+$/.test(token)) {
      const message = 'the auth token contains spaces or characters that no header can carry';
      throw new NavarchError('unauthorized', `${message}: look at authToken (NAVARCH_AUTH_TOKEN)`);
    }
    return token;
  }
}
