import { Client, Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTE_TYPES } from '../contract/search-attributes.ts';
import { mainTaskQueue } from '../contract/task-queues.ts';
import { NodeProvisioner } from '../sdk/index.ts';
import type { SimulatorOptions } from '../simulator/index.ts';
import { startTemporalServer, type TemporalServer } from '../temporal-server/index.ts';
import { installRuntime } from '../worker-runtime.ts';
import type { Tell } from './storyteller.ts';
import { createWorld, type World } from './world.ts';

export const ACCOUNT = 'demo';

/** A process that has just started, or a busy machine, sends late; a story must not be about our own rate limits. */
const NETWORK_JITTER_MS = 200;

/** What every story plays on: a Temporal server, a simulated cloud, and somebody who asks for nodes. */
export interface Stage {
  readonly server: TemporalServer;
  readonly world: World;
  readonly provisioner: NodeProvisioner;
  /** For what only Temporal itself can tell. */
  readonly temporal: Client;
  readonly tell: Tell;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  /** A worker within this process. */
  startWorker(): Promise<void>;
  /** Is done at the end, however that comes; the latest first. */
  atEnd(close: () => Promise<unknown>): void;
}

export interface StageOptions extends Pick<Stage, 'tell' | 'signal' | 'atEnd'> {
  readonly simulation: SimulatorOptions & { readonly clockFactor: number };
}

export async function openStage({ tell, signal, atEnd, simulation }: StageOptions): Promise<Stage> {
  tell('starting', 'Temporal');
  const server = await startTemporalServer({
    ui: true,
    searchAttributes: SEARCH_ATTRIBUTE_TYPES,
    onProgress: (line) => tell('', line),
  });
  atEnd(() => server.stop());
  tell('Temporal', `UI at ${server.uiUrl ?? ''}, server at ${server.address}`);
  signal.throwIfAborted();
  const world = await createWorld({
    ...simulation,
    temporalAddress: server.address,
    logger: installRuntime({ log: { level: 'error', format: 'pretty' }, metricsAddress: undefined }),
    account: ACCOUNT,
    networkJitterMs: NETWORK_JITTER_MS,
  });
  atEnd(() => world.close());
  const { seed } = world.simulator;
  tell('simulator', `Lambda Cloud, machines with SSH, Navarch; seed ${seed}, clock ${simulation.clockFactor}x`);
  const connection = await Connection.connect({ address: server.address });
  const temporal = new Client({ connection, namespace: server.namespace });
  const provisioner = NodeProvisioner.over(temporal, { account: ACCOUNT, uiUrl: server.uiUrl });
  atEnd(() => provisioner.close());
  return {
    ...{ server, world, provisioner, temporal, tell, signal, atEnd },
    async startWorker() {
      signal.throwIfAborted();
      await world.startWorker();
      tell('worker', `polls ${mainTaskQueue(ACCOUNT)}`);
    },
  };
}
