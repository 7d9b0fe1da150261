/** A workflow, and where the Temporal UI shows it. */
export interface Place {
  readonly workflowId?: string | undefined;
  readonly runId?: string | undefined;
  readonly url?: string | undefined;
}

/** One that is of a workflow. */
export interface WorkflowPlace extends Place {
  readonly workflowId: string;
}

const CLOUD = /(^|\.)(tmprl\.cloud|api\.temporal\.io)(:\d+)?$/;
const CLOUD_UI = 'https://cloud.temporal.io';

/** The UI that belongs to a server. Undefined: only Temporal Cloud's follows from the server's address. */
export function uiOf(address: string): string | undefined {
  return CLOUD.test(address) ? CLOUD_UI : undefined;
}

/** Where the UI shows a run, or the latest run of an id. */
export function workflowUrl(uiUrl: string, namespace: string, workflowId: string, runId: string | undefined): string {
  const workflow = `${uiUrl.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
  return runId === undefined ? workflow : `${workflow}/${encodeURIComponent(runId)}/history`;
}
