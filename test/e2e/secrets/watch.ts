import { readdir, readFile } from 'node:fs/promises';
import { isGrpcServiceError, ServiceError, type Client } from '@temporalio/client';
import { progressQuery } from '../../../src/contract/messages.ts';
import type { Places } from './places.ts';

/** What shows only while something runs. */
export interface Watch {
  stop(): Promise<void>;
}

/** Built into every workflow by the SDK: where the UI gets the current details from. */
const METADATA_QUERY = '__temporal_workflow_metadata';

const BETWEEN_LOOKS_MS = 100;

/** Looks again and again at workflows (their pending steps, heartbeats and current details) and at every command line of this host. */
export function watch(client: Client, workflowIds: readonly string[], places: Places): Watch {
  const over = new AbortController();
  const look = async (): Promise<void> => {
    for (const workflowId of workflowIds) await lookAt(client, workflowId, places);
    for (const line of await commandLines()) places.add('command line of a process', line);
  };
  const looking = (async () => {
    while (!over.signal.aborted) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MS));
    }
  })();
  return {
    stop: () => {
      over.abort();
      return looking;
    },
  };
}

async function lookAt(client: Client, workflowId: string, places: Places): Promise<void> {
  const workflow = client.workflow.getHandle(workflowId);
  try {
    places.add('description', (await workflow.describe()).raw);
    if (workflowId.startsWith('provision-node/')) places.add('progress', await workflow.query(progressQuery));
    places.add('current details', await workflow.query(METADATA_QUERY));
  } catch (error) {
    // Not begun yet, just ended, or not answered in time: the next look, or its history, will tell.
    if (!(error instanceof ServiceError) && !isGrpcServiceError(error) && !isTemporalError(error)) throw error;
  }
}

function isTemporalError(error: unknown): boolean {
  return (
    error instanceof Error &&
    ['WorkflowNotFoundError', 'QueryRejectedError', 'QueryNotRegisteredError'].includes(error.name)
  );
}

/** Linux only; none elsewhere. */
async function commandLines(): Promise<readonly string[]> {
  const entries = await readdir('/proc').catch(() => []);
  const pids = entries.filter((entry) => /^\d+$/.test(entry));
  return Promise.all(
    pids.map(async (pid) => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')),
  );
}
