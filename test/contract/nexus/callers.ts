import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import type { Node } from '../../../src/contract/provision-node.ts';
import type { TerminatedNode } from '../../../src/contract/terminate-node.ts';
import { createNamespace } from '../support/namespaces.ts';
import { serveLateCancels } from './late-cancel.ts';

const TASK_QUEUE = 'callers';

/** Another team: a namespace and a worker of its own. */
export interface Callers {
  readonly client: Client;
  /** A workflow of theirs that asks for a node. */
  provision(request: unknown): Promise<WorkflowHandle<() => Promise<Node>>>;
  terminate(request: unknown): Promise<WorkflowHandle<() => Promise<TerminatedNode>>>;
  /** Has our handler told that the operation with this token is cancelled, whether or not that goes on. */
  cancelLate(token: string): Promise<void>;
  close(): Promise<void>;
}

let calls = 0;

export async function startCallers(address: string, endpoint: string): Promise<Callers> {
  const namespace = `callers-${process.pid}`;
  const connection = await Connection.connect({ address });
  await createNamespace(connection, namespace);
  const client = new Client({ connection, namespace });
  const native = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue: TASK_QUEUE,
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('caller-workflows.ts', import.meta.url)),
      logger: new DefaultLogger('WARN'),
    }),
  });
  const running = worker.run();
  const lateCancels = `late-cancels-${process.pid}`;
  const stopLateCancels = await serveLateCancels(address, lateCancels);
  const start = (type: string, ...args: readonly unknown[]): Promise<WorkflowHandle<() => Promise<never>>> => {
    calls += 1;
    return client.workflow.start<(...args: unknown[]) => Promise<never>>(type, {
      workflowId: `call-${calls}`,
      taskQueue: TASK_QUEUE,
      args: [...args],
    });
  };
  return {
    client,
    provision: (request) => start('wantNode', endpoint, request),
    terminate: (request) => start('wantNoNode', endpoint, request),
    cancelLate: async (token) => (await start('cancelLate', lateCancels, token)).result(),
    async close() {
      worker.shutdown();
      await running;
      await stopLateCancels();
      await native.close();
      await connection.close();
    },
  };
}
