import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { WaitingLine } from '../contract/account-broker.ts';
import type { Diagnosis } from '../contract/diagnose.ts';
import type { InstanceList, InstanceTypeList, ListedInstance, ListedInstanceType } from '../contract/list.ts';
import { provisionNodeRequest, type ProvisionNodeRequest } from '../contract/provision-node.ts';
import type { AdoptedInstance, EndedInstance, ReleasedInstance } from '../contract/sweep.ts';
import { summaryLine } from '../contract/summary.ts';
import { ACCOUNT_NAME, ACCOUNT_NAME_RULE, mainTaskQueue } from '../contract/task-queues.ts';
import { terminateNodeRequest, type TerminatedNode, type TerminateNodeRequest } from '../contract/terminate-node.ts';
import { provisionNodeId, terminateNodeId, WORKFLOW_TYPE } from '../contract/workflow-ids.ts';
import { EXAMINE_IN_ALL_MS } from '../domain/deadlines.ts';
import type { Finding } from '../domain/findings.ts';
import { acceptProvision } from './accept.ts';
import { Caller, resultOf } from './caller.ts';
import { connectClient, type ConnectOptions } from './connect.ts';
import { ConfigurationError } from './errors.ts';
import type { InstanceEnding } from './instance-ending.ts';
import { adopt, release, startEnding } from './instances-by-hand.ts';
import { listNodes, nodeFilter, type ListedNode, type NodeFilter } from './node-list.ts';
import { NodeProvision } from './node-provision.ts';
import { latestRun, readStatus, type NodeStatus } from './node-status.ts';
import { NodeTermination } from './node-termination.ts';
import { startOrJoin } from './start.ts';
import { readWaitingLine } from './waiting-line.ts';
import { sweep, type SweepOptions, type SweepReport } from './sweep.ts';
import { parsed } from './unwrap.ts';

// What a list may take: the account's request budget is shared, and reads come last in it.
const LIST_TIMEOUT_MS = 6 * 60_000;

/** Its looks end by themselves before that, unless the worker is of a version that has none. */
const DIAGNOSE_TIMEOUT_MS = EXAMINE_IN_ALL_MS + 30_000;

/** No worker has an account of another name; asking for one would wait for a worker in vain. */
function requireAccountName(account: string | undefined): void {
  if (account !== undefined && !ACCOUNT_NAME.test(account))
    throw new ConfigurationError(`account: the name ${ACCOUNT_NAME_RULE}, but is ${JSON.stringify(account)}`);
}

/**
 * GPU nodes, by way of Temporal: everything asked here is done by workflows, and goes on if the asker does not. Needs no Lambda key.
 *
 *     const provisioner = await NodeProvisioner.connect();
 *     const provision = await provisioner.provision({ name: 'trainer-1', instanceType: 'gpu_1x_h100_sxm5' });
 *     const node = await provision.ready();
 */
export class NodeProvisioner {
  readonly #caller: Caller;
  readonly #account: string | undefined;

  private constructor(caller: Caller, account: string | undefined) {
    this.#caller = caller;
    this.#account = account;
  }

  /** Close it when done. @throws ConfigurationError before anything is sent; TemporalUnreachableError */
  static async connect(options: ConnectOptions = {}): Promise<NodeProvisioner> {
    requireAccountName(options.account);
    const { client, uiUrl } = await connectClient(options);
    return NodeProvisioner.over(client, { account: options.account, uiUrl });
  }

  /** Over a client that is there already; `close` closes its connection. @throws ConfigurationError */
  static over(
    client: Client,
    { account, uiUrl }: { readonly [K in 'account' | 'uiUrl']?: ConnectOptions[K] | undefined } = {},
  ): NodeProvisioner {
    requireAccountName(account);
    return new NodeProvisioner(new Caller(client, mainTaskQueue(account), uiUrl), account);
  }

  /** Where its workflows run, for people. */
  get namespace(): string {
    return this.#caller.client.options.namespace;
  }

  /**
   * Asks for a node. Returns once the request is accepted; the node is the handle's `ready()`. Asked again with the same request, it joins
   * what is in progress or finds the living node (P9).
   * @throws InvalidRequestError before anything is sent; NameConflictError; NoWorkerError; TemporalUnreachableError
   */
  async provision(request: ProvisionNodeRequest): Promise<NodeProvision> {
    const valid = parsed(provisionNodeRequest, request);
    return new NodeProvision(this.#caller, await acceptProvision(this.#caller, valid));
  }

  /** The latest provision of a name, running or ended, as long as Temporal remembers it: for a caller that lost its handle. */
  async findProvision(name: string): Promise<NodeProvision | undefined> {
    const workflowId = provisionNodeId(parsed(terminateNodeRequest, { name }).name);
    const runId = await latestRun(this.#caller, workflowId);
    return runId === undefined ? undefined : new NodeProvision(this.#caller, { workflowId, runId });
  }

  /**
   * Ends a node by name, wherever it is on its way, and returns when that is proven.
   * @throws NodeNotFoundError and what `startTermination` throws
   */
  async terminate(request: TerminateNodeRequest): Promise<TerminatedNode> {
    return (await this.startTermination(request)).ended();
  }

  /**
   * Asks for a node's end without waiting for it. Asked again meanwhile, it is the same end, for the reason given first.
   * @throws InvalidRequestError, NoWorkerError, TemporalUnreachableError
   */
  async startTermination(request: TerminateNodeRequest): Promise<NodeTermination> {
    const valid = parsed(terminateNodeRequest, request);
    const handle = await startOrJoin(this.#caller, WORKFLOW_TYPE.terminateNode, {
      workflowId: terminateNodeId(valid.name),
      request: valid,
      summary: summaryLine(valid.reason ?? `end ${valid.name}`),
    });
    return new NodeTermination(this.#caller, handle, valid.name);
  }

  /** A node in progress or kept, as its owner tells it now; undefined: there is none of that name. @throws NoWorkerError */
  async get(name: string): Promise<NodeStatus | undefined> {
    return readStatus(this.#caller, parsed(terminateNodeRequest, { name }).name);
  }

  /** The nodes that are being provisioned or kept. Needs no worker. */
  async list(filter: NodeFilter = {}): Promise<readonly ListedNode[]> {
    return listNodes(this.#caller, parsed(nodeFilter, filter));
  }

  /** Who waits for capacity in this account, in the order in which they are served, and why. @throws NoWorkerError */
  async queue(): Promise<WaitingLine> {
    return readWaitingLine(this.#caller, this.#account);
  }

  /** Every instance type of Lambda, with price and where there is capacity now. @throws UnauthorizedError, NoWorkerError */
  async instanceTypes(): Promise<readonly ListedInstanceType[]> {
    const list = await this.#ask<InstanceTypeList>(WORKFLOW_TYPE.listInstanceTypes, 'list-instance-types');
    return list.instanceTypes;
  }

  /** Every instance of the account, ours or not. @throws UnauthorizedError, NoWorkerError */
  async instances(): Promise<readonly ListedInstance[]> {
    return (await this.#ask<InstanceList>(WORKFLOW_TYPE.listInstances, 'list-instances')).instances;
  }

  /**
   * A sweep for orphans now, beside those of the Schedule: instances that this namespace launched and no workflow owns any more. It ends what
   * two sweeps have seen so, ten minutes apart; a dry run ends nothing and reports every instance of ours.
   * @throws InvalidRequestError, UnauthorizedError, NoWorkerError
   */
  async sweep(options: SweepOptions = {}): Promise<SweepReport> {
    return sweep(this.#caller, this.#account, options);
  }

  /**
   * Ends an instance of ours that no running workflow owns, and returns when that is proven: for what the sweeper cannot judge, or who will
   * not wait for it. A node is ended by name, with `terminate`.
   * @throws what `startEnding` throws; InvalidRequestError also when it is not ours, or a workflow owns it
   */
  async endInstance(instanceId: string): Promise<EndedInstance> {
    return (await this.startEnding(instanceId)).ended();
  }

  /** Asks for an instance's end without waiting for it. @throws InvalidRequestError, NoWorkerError, TemporalUnreachableError */
  async startEnding(instanceId: string): Promise<InstanceEnding> {
    return startEnding(this.#caller, instanceId);
  }

  /**
   * Gives an instance of ours that no running workflow owns a keeper, made from its tags: it is a node again.
   * @throws InvalidRequestError when it is not ours, or owned; NameConflictError when its name is taken; NoWorkerError (the wish is stored)
   */
  async adoptInstance(instanceId: string): Promise<AdoptedInstance> {
    return adopt(this.#caller, instanceId);
  }

  /**
   * Takes our tags off an instance that no running workflow owns: it lives on, and is nobody's here.
   * @throws InvalidRequestError when it is not ours, or owned; NoWorkerError (the wish is stored)
   */
  async releaseInstance(instanceId: string): Promise<ReleasedInstance> {
    return release(this.#caller, instanceId);
  }

  /**
   * What a worker of the account finds of what it was given: its keys, Navarch, the agent's download, its clock. Of several workers, each
   * look is made by one of them.
   * @throws NoWorkerError; WorkflowLostError after a minute and a half when the worker is of a version that cannot do this
   */
  async diagnose(): Promise<readonly Finding[]> {
    return (await this.#ask<Diagnosis>(WORKFLOW_TYPE.diagnose, 'diagnose', DIAGNOSE_TIMEOUT_MS)).findings;
  }

  /** Ends the connection, and with it every iteration and wait of this client; what was asked of Temporal goes on. */
  async close(): Promise<void> {
    await this.#caller.close();
  }

  async #ask<T>(workflowType: string, id: string, withinMs = LIST_TIMEOUT_MS): Promise<T> {
    const workflowId = `${id}/${randomUUID()}`;
    const handle = await startOrJoin(this.#caller, workflowType, { workflowId, withinMs });
    return resultOf<T>(this.#caller, handle, 'question');
  }
}
