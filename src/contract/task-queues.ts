/** The task queue of the default Lambda account. */
export const TASK_QUEUE = 'navarch-provisioner';

/**
 * Task queues of one account. Workflows, SSH and Navarch are on `main`; every Lambda request, launches included, is on `lambda`, whose rate
 * the Temporal server limits (P6): with one queue for all of them two workers never send at the same moment, and one command stops them all.
 */
export interface TaskQueues {
  readonly main: string;
  readonly lambda: string;
}

export function taskQueuesOf(main: string): TaskQueues {
  return { main, lambda: `${main}-lambda` };
}

/** The main queue's name for an account; the default account has none. */
export function mainTaskQueue(account: string | undefined): string {
  return account === undefined ? TASK_QUEUE : `${TASK_QUEUE}-${account}`;
}

/** The account of a main queue; undefined: the default one. */
export function accountOf(main: string): string | undefined {
  return main === TASK_QUEUE ? undefined : main.slice(TASK_QUEUE.length + 1);
}
