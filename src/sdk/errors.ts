/** How an error came about, for those that want more than its class. */
export interface ErrorOrigin {
  /** The workflow that failed, or that goes on without the caller. */
  readonly workflowId?: string | undefined;
  readonly runId?: string | undefined;
  /** Where the Temporal UI shows that workflow. */
  readonly url?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Base of what the SDK throws. Its message ends in the workflow's id and, where it is known, its address in the Temporal UI. Thrown as such
 * when a workflow failed in a way that no type of the contract names.
 */
export class NodeProvisionerError extends Error {
  override readonly name: string = 'NodeProvisionerError';
  /** The message without the workflow's id and address. */
  readonly reason: string;
  readonly workflowId: string | undefined;
  /** The run that failed; undefined: the latest one of that id. */
  readonly runId: string | undefined;
  /** Where the Temporal UI shows the workflow. Undefined: the UI's address is not known (`uiUrl` of `connect`), or it is not about a workflow. */
  readonly url: string | undefined;

  constructor(reason: string, origin: ErrorOrigin = {}) {
    super(withPlace(reason, origin), origin.cause === undefined ? {} : { cause: origin.cause });
    this.reason = reason;
    this.workflowId = origin.workflowId;
    this.runId = origin.runId;
    this.url = origin.url;
  }
}

function withPlace(reason: string, { workflowId, url }: ErrorOrigin): string {
  if (workflowId === undefined) return reason;
  const id = reason.includes(workflowId) ? [] : [`workflow ${workflowId}`];
  const place = [...id, ...(url === undefined ? [] : [url])].join(', ');
  return place === '' ? reason : `${reason} (${place})`;
}

/** Somebody cancelled the workflow. What a cancelled provision had launched is ended, and that is proven. */
export class ProvisionCancelledError extends NodeProvisionerError {
  override readonly name = 'ProvisionCancelledError';
}

/** The workflow was ended by force (terminated, or timed out), so its undo did not run: what it launched is left to the sweeper. */
export class WorkflowLostError extends NodeProvisionerError {
  override readonly name = 'WorkflowLostError';
}

/** Temporal does not answer, or does not accept us: address, namespace, credentials. Nothing is known of what was asked. */
export class TemporalUnreachableError extends NodeProvisionerError {
  override readonly name = 'TemporalUnreachableError';
}

/**
 * The options of `connect`, the environment or Temporal's configuration file cannot be used: nothing was asked, and asking again will not
 * help. Or the answer is encrypted with a key that is not among NAVARCH_PAYLOAD_KEYS: what was asked may have been done.
 */
export class ConfigurationError extends NodeProvisionerError {
  override readonly name = 'ConfigurationError';
}

/** Temporal answers, but no worker of ours does. With a workflow id: the wish is stored, and is carried out when a worker comes. */
export class NoWorkerError extends NodeProvisionerError {
  override readonly name = 'NoWorkerError';
  readonly taskQueue: string;

  constructor(taskQueue: string, origin: ErrorOrigin = {}) {
    const stored =
      origin.workflowId === undefined ? '' : `; ${origin.workflowId} is stored and goes on when a worker comes`;
    super(`no worker polls task queue ${taskQueue}: start one with \`navarch-provisioner worker\`${stored}`, origin);
    this.taskQueue = taskQueue;
  }
}
