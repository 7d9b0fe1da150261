import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { instanceRequest, type AdoptedInstance, type ReleasedInstance } from '../contract/sweep.ts';
import { WORKFLOW_TYPE } from '../contract/workflow-ids.ts';
import { resultOf, type Caller } from './caller.ts';
import { InstanceEnding } from './instance-ending.ts';
import { startOrJoin } from './start.ts';
import { parsed } from './unwrap.ts';

// What a person does about an instance that nobody owns and the sweeper cannot judge. Asked twice at a time, each is one wish.

export async function startEnding(caller: Caller, instanceId: string): Promise<InstanceEnding> {
  return new InstanceEnding(caller, await start(caller, 'endInstance', 'end', instanceId));
}

export async function adopt(caller: Caller, instanceId: string): Promise<AdoptedInstance> {
  return resultOf(caller, await start(caller, 'adoptInstance', 'adopt', instanceId), 'wish');
}

export async function release(caller: Caller, instanceId: string): Promise<ReleasedInstance> {
  return resultOf(caller, await start(caller, 'releaseInstance', 'release', instanceId), 'wish');
}

async function start(
  caller: Caller,
  workflow: 'endInstance' | 'adoptInstance' | 'releaseInstance',
  verb: 'end' | 'adopt' | 'release',
  instanceId: string,
): Promise<WorkflowHandleWithFirstExecutionRunId> {
  const request = parsed(instanceRequest, { instanceId });
  return startOrJoin(caller, WORKFLOW_TYPE[workflow], {
    workflowId: `${verb}-instance/${request.instanceId}`,
    request,
    summary: `by hand: ${verb} ${request.instanceId}, which nobody owns`,
  });
}
