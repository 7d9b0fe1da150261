import { NativeConnection, Worker } from '@temporalio/worker';
import { operation, service, serviceHandler } from 'nexus-rpc';
import { ensureNexusEndpoint } from '../../../src/nexus-endpoint.ts';
import { provisionerHandler } from '../../../src/nexus/index.ts';

/** Hands our handler a cancel as the server does when it is slow: for an operation that has ended. */
export const lateCancelService = service('late-cancel', { cancel: operation<string, null>() });

const handler = serviceHandler(lateCancelService, {
  async cancel(context, token) {
    await provisionerHandler.getOperationHandler('provisionNode').cancel(context, token);
    return null;
  },
});

/** Serves it in our namespace, at the endpoint of that name. Returns how to stop it. */
export async function serveLateCancels(address: string, endpoint: string): Promise<() => Promise<void>> {
  const connection = await NativeConnection.connect({ address });
  await ensureNexusEndpoint(connection, { name: endpoint, namespace: 'default', taskQueue: endpoint });
  const worker = await Worker.create({ connection, taskQueue: endpoint, nexusServices: [handler] });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
}
