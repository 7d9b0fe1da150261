/** Workflow types, as any Temporal client names them. */
export const WORKFLOW_TYPE = {
  provisionNode: 'provisionNode',
  keepNode: 'keepNode',
  terminateNode: 'terminateNode',
  listInstances: 'listInstances',
  listInstanceTypes: 'listInstanceTypes',
  sweepOrphans: 'sweepOrphans',
  endInstance: 'endInstance',
  adoptInstance: 'adoptInstance',
  releaseInstance: 'releaseInstance',
  accountBroker: 'accountBroker',
  diagnose: 'diagnose',
} as const;

/** The workflow that provisions a node. One runs at a time for a name; it owns what it launches until the keeper has started. */
export function provisionNodeId(name: string): string {
  return `provision-node/${name}`;
}

/** The workflow that owns a ready node. Running ones are the inventory. */
export function keepNodeId(name: string): string {
  return `node/${name}`;
}

export function terminateNodeId(name: string): string {
  return `terminate-node/${name}`;
}

/** Id of the Schedule that sweeps an account for orphans, and the beginning of its workflows' ids. */
export function sweepScheduleId(account: string | undefined): string {
  return `sweep-orphans/${account ?? 'default'}`;
}

/** The workflow that remembers what the owners of one account have to know together. Runs only while there is something. */
export function accountBrokerId(account: string | undefined): string {
  return `account/${account ?? 'default'}`;
}
