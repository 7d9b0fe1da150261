// What the worker registers: each exported function is a workflow type (contract/workflow-ids.ts).
export { keepNode } from './keep-node.ts';
export { listInstances, listInstanceTypes } from './lists.ts';
export { provisionNode } from './provision-node.ts';
export { terminateNode } from './terminate-node.ts';
