import { Client, Connection, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { Node } from '../../../src/contract/provision-node.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../../src/contract/search-attributes.ts';
import { mainTaskQueue } from '../../../src/contract/task-queues.ts';
import { provisionNodeId, WORKFLOW_TYPE } from '../../../src/contract/workflow-ids.ts';
import { createWorld } from '../../../src/demo/world.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import type { Simulator, SimulatorOptions } from '../../../src/simulator/index.ts';
import { startTemporalServer } from '../../../src/temporal-server/index.ts';
import { startChildWorker, type ChildWorker } from './child-worker.ts';
import type { BenchContext } from './figure.ts';
import type { WorkerOrder } from './worker-messages.ts';

/** A provision as a service in any language starts it: plain JSON, by names. */
export type Provision = WorkflowHandleWithFirstExecutionRunId<(request: unknown) => Promise<Node>>;

/** What `provisionNode` takes. */
export type ProvisionRequest = Readonly<Record<string, unknown>> & { readonly name: string };

type ProductOrder = Extract<WorkerOrder, { kind: 'product' }>;

/** How a worker of the cloud differs from one at its defaults. */
export interface WorkerTuning {
  readonly environment?: Readonly<Record<string, string>>;
  readonly speed?: number;
  readonly metricsAddress?: string;
}

/** A Temporal server, a simulated cloud, and workers as processes: what a figure is taken of. */
export interface BenchCloud {
  readonly simulator: Simulator;
  readonly client: Client;
  readonly account: string;
  readonly taskQueue: string;
  readonly temporalAddress: string;
  readonly serverPid: number;
  /** As each worker is given it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly startWorker: (tuning?: WorkerTuning) => Promise<ChildWorker>;
  /** By `workflow.start`; whether it was accepted, its result tells. */
  readonly provision: (request: ProvisionRequest) => Promise<Provision>;
}

export interface CloudOptions extends Omit<SimulatorOptions, 'sshKeys'> {
  /** For every worker. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Added to the intervals between requests, in real time. Default 0: our own margin has to do. */
  readonly networkJitterMs?: number;
}

const ACCOUNT = 'bench';

/** For every worker whose Lambda, or simulator, has no limits. */
export const UNPACED = { LAMBDA_REQUEST_INTERVAL: '1ms', LAMBDA_LAUNCH_INTERVAL: '1ms' } as const;

/** Each has a Temporal server of its own: what one figure leaves behind does not slow the next. */
export async function openCloud(context: BenchContext, options: CloudOptions = {}): Promise<BenchCloud> {
  const server = await startTemporalServer({ searchAttributes: SEARCH_ATTRIBUTE_TYPES, onProgress: context.tell });
  context.atEnd(() => server.stop());
  const { environment: extra = {}, networkJitterMs = 0, ...simulated } = options;
  const world = await createWorld({
    seed: 1,
    ...simulated,
    networkJitterMs,
    temporalAddress: server.address,
    account: ACCOUNT,
    logger: createLogger({ level: 'fatal', format: 'json' }),
    environment: extra,
  });
  context.atEnd(() => world.close());
  const connection = await Connection.connect({ address: server.address });
  context.atEnd(() => connection.close());
  const client = new Client({ connection, namespace: server.namespace });
  const taskQueue = mainTaskQueue(ACCOUNT);
  return {
    simulator: world.simulator,
    ...{ client, taskQueue, account: ACCOUNT, temporalAddress: server.address, serverPid: server.pid },
    environment: world.environment,
    startWorker: async ({ environment = {}, speed = simulated.clockFactor ?? 1, metricsAddress } = {}) => {
      const order: ProductOrder = {
        kind: 'product',
        temporalAddress: server.address,
        bundlePath: context.bundles.product,
        environment: { ...world.environment, ...environment },
        speed,
        ...(metricsAddress === undefined ? {} : { metricsAddress }),
      };
      const worker = await startChildWorker(order);
      context.atEnd(() => worker.kill());
      return worker;
    },
    provision: (request) =>
      client.workflow.start<(request: unknown) => Promise<Node>>(WORKFLOW_TYPE.provisionNode, {
        workflowId: provisionNodeId(request.name),
        taskQueue,
        args: [request],
      }),
  };
}
