import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { NodeCommandType, type ControlPlaneService } from '../../clients/navarch/gen/navarch_pb.ts';
import type { Recorder } from '../record.ts';
import type { ControlPlane } from './control-plane.ts';

/** What agents are told about their pace, in simulated seconds. */
export interface AgentPace {
  readonly heartbeatIntervalSeconds: number;
  readonly healthCheckIntervalSeconds: number;
}

/** The nine methods of Navarch's service, with the errors the real one answers. */
export function controlPlaneService(
  plane: ControlPlane,
  pace: AgentPace,
  recorder: Recorder,
): ServiceImpl<typeof ControlPlaneService> {
  return {
    registerNode(request) {
      recorder.navarchCall('RegisterNode');
      requireNodeId(request.nodeId);
      plane.register(request);
      const config = { ...pace, enabledHealthChecks: ['boot', 'nvml', 'xid'] };
      return { success: true, message: 'registration successful', config };
    },
    reportHealth({ nodeId, results }) {
      recorder.navarchCall('ReportHealth');
      const nodeStatus = plane.reportHealth(nodeId, results);
      if (nodeStatus === undefined) throw unknownNode(nodeId);
      return { acknowledged: true, nodeStatus };
    },
    sendHeartbeat(request) {
      recorder.navarchCall('SendHeartbeat');
      if (!plane.heartbeat(request)) throw unknownNode(request.nodeId);
      return { acknowledged: true };
    },
    getNodeCommands({ nodeId }) {
      recorder.navarchCall('GetNodeCommands');
      return { commands: plane.takeCommands(nodeId) };
    },
    listNodes(request) {
      recorder.navarchCall('ListNodes');
      return { nodes: plane.nodes(request) };
    },
    getNode({ nodeId }) {
      recorder.navarchCall('GetNode');
      const node = plane.node(nodeId);
      if (node === undefined) throw unknownNode(nodeId);
      return { node };
    },
    issueCommand({ nodeId, commandType, parameters }) {
      recorder.navarchCall('IssueCommand');
      requireNodeId(nodeId);
      if (!(commandType in NodeCommandType) || commandType === NodeCommandType.UNKNOWN) {
        throw new ConnectError('command_type is required', Code.InvalidArgument);
      }
      const outcome = plane.command(nodeId, commandType, parameters);
      switch (outcome.kind) {
        case 'issued':
          return { commandId: outcome.commandId, issuedAt: outcome.issuedAt };
        case 'unknown-node':
          throw unknownNode(nodeId);
        case 'not-cordoned':
          throw new ConnectError(`node is not cordoned: ${nodeId}`, Code.FailedPrecondition);
      }
    },
    // Nodes that register by themselves are no instances of Navarch's own pools.
    listInstances() {
      recorder.navarchCall('ListInstances');
      return {};
    },
    getInstance({ instanceId }) {
      recorder.navarchCall('GetInstance');
      throw new ConnectError(`instance not found: ${instanceId}`, Code.NotFound);
    },
  };
}

function requireNodeId(nodeId: string): void {
  if (nodeId === '') throw new ConnectError('node_id is required', Code.InvalidArgument);
}

function unknownNode(nodeId: string): ConnectError {
  return new ConnectError(`node not found: ${nodeId}`, Code.NotFound);
}
