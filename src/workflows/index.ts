// What the worker registers: each exported function is a workflow type (contract/workflow-ids.ts).
export { accountBroker } from './account-broker.ts';
export { diagnose } from './diagnose.ts';
export { keepNode } from './keep-node.ts';
export { listInstances, listInstanceTypes } from './lists.ts';
export { adoptInstance, endInstance, releaseInstance } from './instances-by-hand.ts';
export { provisionNode } from './provision-node.ts';
export { sweepOrphans } from './sweep-orphans.ts';
export { terminateNode } from './terminate-node.ts';
