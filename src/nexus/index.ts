import { serviceHandler } from 'nexus-rpc';
import { provisionerService } from '../contract/nexus.ts';
import { provisionNode } from './provision-node.ts';
import { terminateNode } from './terminate-node.ts';

/** What a worker serves to other namespaces (`nexusServices`). It starts workflows on the worker's own task queue. */
export const provisionerHandler = serviceHandler(provisionerService, { provisionNode, terminateNode });
