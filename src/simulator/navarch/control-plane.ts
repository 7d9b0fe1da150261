import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { TimestampSchema, timestampFromMs, type Timestamp } from '@bufbuild/protobuf/wkt';
import {
  HealthStatus,
  NodeCommandSchema,
  NodeCommandType,
  NodeInfoSchema,
  NodeStatus,
  type HealthCheckResult,
  type HeartbeatRequest,
  type ListNodesRequest,
  type NodeCommand,
  type NodeInfo,
  type RegisterNodeRequest,
} from '../../clients/navarch/gen/navarch_pb.ts';
import type { Clock } from '../clock.ts';
import type { Recorder } from '../record.ts';

/** Go's zero time: what a node that never sent a heartbeat shows as its last one. */
const NEVER_SECONDS = -62_135_596_800n;

export type CommandOutcome =
  | { readonly kind: 'issued'; readonly commandId: string; readonly issuedAt: Timestamp }
  | { readonly kind: 'unknown-node' }
  | { readonly kind: 'not-cordoned' };

/** What Navarch's control plane remembers, and the rules it changes it by; all in memory, as the real one's. */
export class ControlPlane {
  readonly #clock: Clock;
  readonly #recorder: Recorder;
  #nodes = new Map<string, NodeInfo>();
  #commands = new Map<string, NodeCommand[]>();

  constructor(options: { readonly clock: Clock; readonly recorder: Recorder }) {
    this.#clock = options.clock;
    this.#recorder = options.recorder;
  }

  /** Registering again makes the node ACTIVE whatever it was, overwrites its fields, and keeps its last heartbeat. */
  register(request: RegisterNodeRequest): void {
    const before = this.#nodes.get(request.nodeId);
    const node = create(NodeInfoSchema, {
      nodeId: request.nodeId,
      provider: request.provider,
      region: request.region,
      zone: request.zone,
      instanceType: request.instanceType,
      status: NodeStatus.ACTIVE,
      healthStatus: before?.healthStatus ?? HealthStatus.UNKNOWN,
      lastHeartbeat: before?.lastHeartbeat ?? create(TimestampSchema, { seconds: NEVER_SECONDS }),
      gpus: request.gpus,
      ...(request.metadata === undefined ? {} : { metadata: request.metadata }),
    });
    this.#nodes.set(request.nodeId, node);
    this.#recorder.registration({
      nodeId: request.nodeId,
      provider: request.provider,
      region: request.region,
      instanceType: request.instanceType,
      gpuUuids: request.gpus.map(({ uuid }) => uuid),
      labels: { ...request.metadata?.labels },
    });
  }

  /** The heartbeat's own timestamp is believed. False for a node that is not registered. */
  heartbeat({ nodeId, timestamp }: HeartbeatRequest): boolean {
    const node = this.#nodes.get(nodeId);
    if (node !== undefined) node.lastHeartbeat = timestamp ?? timestampFromMs(this.#clock.now());
    return node !== undefined;
  }

  /** The worst of the results becomes the node's health. Undefined for a node that is not registered. */
  reportHealth(nodeId: string, results: readonly HealthCheckResult[]): NodeStatus | undefined {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) return undefined;
    node.healthStatus = results.reduce<HealthStatus>(
      (worst, { status }) => (status > worst ? status : worst),
      HealthStatus.HEALTHY,
    );
    return node.status;
  }

  node(nodeId: string): NodeInfo | undefined {
    return this.#nodes.get(nodeId);
  }

  nodes({ provider, region, status }: ListNodesRequest): NodeInfo[] {
    return [...this.#nodes.values()].filter(
      (node) =>
        (provider === '' || node.provider === provider) &&
        (region === '' || node.region === region) &&
        (status === NodeStatus.UNKNOWN || node.status === status),
    );
  }

  /** Cordon, drain and uncordon change the record only; the rest waits for the next agent that asks with this id. */
  command(nodeId: string, type: NodeCommandType, parameters: Record<string, string>): CommandOutcome {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) return { kind: 'unknown-node' };
    if (type === NodeCommandType.UNCORDON && node.status !== NodeStatus.CORDONED) return { kind: 'not-cordoned' };

    const issuedAt = timestampFromMs(this.#clock.now());
    const command = create(NodeCommandSchema, { commandId: randomUUID(), type, parameters, issuedAt });
    const status = STATUS_AFTER[type];
    if (status !== undefined) node.status = status;
    else this.#commands.set(nodeId, [...(this.#commands.get(nodeId) ?? []), command]);
    this.#recorder.nodeCommand(nodeId, NodeCommandType[type]);
    return { kind: 'issued', commandId: command.commandId, issuedAt };
  }

  /** Hands the waiting commands to whoever asks with this id, once. */
  takeCommands(nodeId: string): NodeCommand[] {
    const commands = this.#commands.get(nodeId) ?? [];
    this.#commands.delete(nodeId);
    return commands;
  }

  /** Active nodes whose last heartbeat is older than this turn UNHEALTHY, and stay so. One that never sent any is left alone. */
  judgeSilence(timeoutMs: number): void {
    const oldest = BigInt(Math.floor((this.#clock.now() - timeoutMs) / 1000));
    for (const node of this.#nodes.values()) {
      const last = node.lastHeartbeat?.seconds ?? NEVER_SECONDS;
      if (node.status === NodeStatus.ACTIVE && last !== NEVER_SECONDS && last < oldest)
        node.status = NodeStatus.UNHEALTHY;
    }
  }

  /** Throws for a node that is not registered. */
  setStatus(nodeId: string, status: NodeStatus): void {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) throw new Error(`Navarch does not know the node ${nodeId}`);
    node.status = status;
  }

  /** A restart: everything is forgotten. */
  forget(): void {
    this.#nodes = new Map();
    this.#commands = new Map();
  }
}

const STATUS_AFTER: Partial<Record<NodeCommandType, NodeStatus>> = {
  [NodeCommandType.CORDON]: NodeStatus.CORDONED,
  [NodeCommandType.DRAIN]: NodeStatus.DRAINING,
  [NodeCommandType.UNCORDON]: NodeStatus.ACTIVE,
};
