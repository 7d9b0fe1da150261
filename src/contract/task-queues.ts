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

/**
 * Names of accounts, as they stand in task queues and workflow ids. One that ends in `lambda` as a word would make its main queue another
 * account's Lambda queue, and `default` is what the account without a name is called in workflow ids.
 */
export const ACCOUNT_NAME = /^(?!(?:.*-)?lambda$|default$)[a-z\d](?:[a-z\d-]{0,38}[a-z\d])?$/;

/** `ACCOUNT_NAME` in words, to follow what holds the name. */
export const ACCOUNT_NAME_RULE =
  'must be 1 to 40 lower-case letters, digits or hyphens, beginning and ending with a letter or digit, and neither default, lambda nor ending in -lambda';

/** The main queue's name for an account; the default account has none. */
export function mainTaskQueue(account: string | undefined): string {
  return account === undefined ? TASK_QUEUE : `${TASK_QUEUE}-${account}`;
}

/** The account of a main queue; undefined: the default one. */
export function accountOf(main: string): string | undefined {
  return main === TASK_QUEUE ? undefined : main.slice(TASK_QUEUE.length + 1);
}
