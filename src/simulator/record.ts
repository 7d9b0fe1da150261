import type { Clock } from './clock.ts';
import type { Operation } from './faults/request-faults.ts';
import type { InstanceTruth, Tag } from './instance.ts';
import type { MachineLog } from './machines/machine.ts';

/** Everything that happened, as the simulator knows it to be true. Times are simulated milliseconds since the epoch. */
export interface SimulatorRecord {
  /** Every request to the Lambda API, those refused included. */
  readonly requests: readonly RequestRecord[];
  /** Every instance ever created, as it truly is now. */
  readonly instances: readonly InstanceTruth[];
  readonly connections: readonly ConnectionRecord[];
  /** Commands as they were sent over SSH; never what came on stdin. */
  readonly commands: readonly CommandRecord[];
  /** argv of every process started on a machine. */
  readonly processes: readonly ProcessRecord[];
  readonly registrations: readonly RegistrationRecord[];
  /** Commands that Navarch was asked to issue. */
  readonly nodeCommands: readonly NodeCommandRecord[];
  /** How often each method of Navarch's control plane was called. */
  readonly navarchCalls: ReadonlyMap<string, number>;
  /** What went wrong in the simulator itself, for example a machine whose address could not be opened. */
  readonly breakdowns: readonly string[];
}

export interface RequestRecord {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** Undefined for a path that the API does not have. */
  readonly operation: Operation | undefined;
  readonly keyOk: boolean;
  /** The account whose key it was. */
  readonly account: string | undefined;
  /** The status answered; undefined when the connection was reset or left hanging. */
  readonly status: number | undefined;
  /** Refused by a rate limit, the account's own or a planned one. */
  readonly rateLimited: 'by-limit' | 'by-plan' | undefined;
  /** The kinds of planned faults that struck it. */
  readonly faults: readonly string[];
  /** The parsed JSON body, with user_data replaced by its size. */
  readonly body: unknown;
  /** Of a launch. */
  readonly launchName: string | undefined;
  /** Of a launch. */
  readonly tags: readonly Tag[];
  /** Of a launch that created an instance, whatever was answered. */
  readonly createdInstanceId: string | undefined;
  /** Of a terminate: those that it set terminating, whatever was answered. */
  readonly terminatedInstanceIds: readonly string[];
}

export type RequestDraft = { -readonly [K in keyof RequestRecord]: RequestRecord[K] };

export interface ConnectionRecord {
  readonly at: number;
  readonly instanceId: string;
  readonly kind: 'connected' | 'authenticated' | 'rejected' | 'closed';
  readonly detail?: string;
}

export interface CommandRecord {
  readonly at: number;
  readonly instanceId: string;
  readonly command: string;
  readonly stdinBytes: number;
  readonly exitCode?: number;
}

export interface ProcessRecord {
  readonly at: number;
  readonly instanceId: string;
  readonly argv: readonly string[];
}

export interface RegistrationRecord {
  readonly at: number;
  readonly nodeId: string;
  readonly provider: string;
  readonly region: string;
  readonly instanceType: string;
  readonly gpuUuids: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface NodeCommandRecord {
  readonly at: number;
  readonly nodeId: string;
  readonly command: string;
}

/** Keeps the record. The simulator writes it; tests and oracles read it. */
export class Recorder implements SimulatorRecord {
  readonly requests: RequestRecord[] = [];
  readonly instances: InstanceTruth[] = [];
  readonly connections: ConnectionRecord[] = [];
  readonly commands: CommandRecord[] = [];
  readonly processes: ProcessRecord[] = [];
  readonly registrations: RegistrationRecord[] = [];
  readonly nodeCommands: NodeCommandRecord[] = [];
  readonly navarchCalls = new Map<string, number>();
  readonly breakdowns: string[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes a request that has just come in. What becomes of it is filled in by the one who answers it. */
  request(arrival: Pick<RequestRecord, 'method' | 'path' | 'operation'>): RequestDraft {
    const draft: RequestDraft = {
      at: this.#clock.now(),
      ...arrival,
      keyOk: false,
      account: undefined,
      status: undefined,
      rateLimited: undefined,
      faults: [],
      body: undefined,
      launchName: undefined,
      tags: [],
      createdInstanceId: undefined,
      terminatedInstanceIds: [],
    };
    this.requests.push(draft);
    return draft;
  }

  instance(instance: InstanceTruth): void {
    this.instances.push(instance);
  }

  registration(registration: Omit<RegistrationRecord, 'at'>): void {
    this.registrations.push({ at: this.#clock.now(), ...registration });
  }

  nodeCommand(nodeId: string, command: string): void {
    this.nodeCommands.push({ at: this.#clock.now(), nodeId, command });
  }

  navarchCall(method: string): void {
    this.navarchCalls.set(method, (this.navarchCalls.get(method) ?? 0) + 1);
  }

  breakdown(what: string): void {
    this.breakdowns.push(what);
  }

  machineLog(instanceId: string): MachineLog {
    const now = (): number => this.#clock.now();
    return {
      connection: (event) => this.connections.push({ at: now(), instanceId, ...event }),
      command: (event) => this.commands.push({ at: now(), instanceId, ...event }),
      process: (event) => this.processes.push({ at: now(), instanceId, argv: event.argv }),
    };
  }
}
