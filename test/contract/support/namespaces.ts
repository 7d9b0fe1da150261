import { Client, type ConnectionLike } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { vi } from 'vitest';

/** Creates a namespace, and returns once the whole server knows it, which takes it seconds. */
export async function createNamespace(connection: ConnectionLike, namespace: string): Promise<void> {
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  const client = new Client({ connection, namespace });
  await vi.waitFor(() => client.workflow.count(), { timeout: 30_000, interval: 100 });
}
