/** The task queue of the default Lambda account. */
export const TASK_QUEUE = 'navarch-provisioner';

/**
 * Task queues of one account. Workflows, SSH and Navarch are on `main`; every Lambda request is on one of the other two, whose rate the
 * Temporal server limits (P6).
 */
export interface TaskQueues {
  readonly main: string;
  readonly lambda: string;
  readonly launch: string;
}

export function taskQueuesOf(main: string): TaskQueues {
  return { main, lambda: `${main}-lambda`, launch: `${main}-launch` };
}

/** The main queue's name for an account; the default account has none. */
export function mainTaskQueue(account: string | undefined): string {
  return account === undefined ? TASK_QUEUE : `${TASK_QUEUE}-${account}`;
}
