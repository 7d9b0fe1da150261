import type { Instance, LambdaClient } from '../clients/lambda/index.ts';
import { LambdaError, LambdaInvalidRequestError } from '../clients/lambda/index.ts';
import { cancellationSignal } from '@temporalio/activity';
import { invalidRequest } from '../contract/parse.ts';
import { stateOf, type InstanceView } from '../domain/instances.ts';
import { TAG, tagged, tagValue, type Tag } from '../domain/names.ts';
import type { ListedType } from '../domain/offerings.ts';
import { lookSignal } from '../contract/account-broker.ts';
import { Broker } from './broker.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { notYet, translated } from './failures.ts';
import type { LambdaActivities, Look, TerminateAnswer } from './types.ts';

/** Reads and terminates: one Lambda request each (P6). */
export function createLambdaActivities(dependencies: ActivityDependencies): LambdaActivities {
  const { lambda, defaults, looks } = dependencies;
  const broker = new Broker(dependencies);

  async function setTags(instanceId: string, tags: readonly Tag[]): Promise<{ applied: boolean }> {
    const { tags: now } = await lambda.updateInstance(instanceId, { tags }, signal());
    return { applied: sameTags(now, tags) };
  }

  return {
    readSshKey: translated(async ({ name = defaults.sshKeyName }) => {
      if (name === undefined) {
        throw invalidRequest([
          { field: 'sshKeyNames', problem: 'is missing, and the worker has no LAMBDA_SSH_KEY_NAME to default to' },
        ]);
      }
      const keys = await lambda.listSshKeys(signal());
      const key = keys.find((candidate) => candidate.name === name);
      if (key === undefined) {
        const known = keys.map((candidate) => candidate.name).join(', ') || 'none';
        throw invalidRequest([
          { field: 'sshKeyNames', problem: `the Lambda account has no SSH key named ${name} (it has: ${known})` },
        ]);
      }
      return { name: key.name, id: key.id };
    }),

    isAccountOf: translated(async ({ key }) => {
      const keys = await lambda.listSshKeys(signal());
      return keys.some((candidate) => candidate.id === key.id);
    }),

    readAccount: translated(async () => {
      const [key] = await lambda.listSshKeys(signal());
      return key === undefined ? undefined : { name: key.name, id: key.id };
    }),

    readTaggedInstance: translated(async ({ instanceId }) => {
      try {
        const instance = await lambda.getInstance(instanceId, signal());
        const { status, address, instanceType, region } = view(instance);
        return {
          ...tagged(instance),
          status,
          instanceType,
          region,
          ...(address === undefined ? {} : { address }),
          priceCentsPerHour: instance.instanceType.priceCentsPerHour,
          tags: [...instance.tags],
        };
      } catch (error) {
        if (error instanceof LambdaError && error.type === 'instance_not_found') return undefined;
        throw error;
      }
    }),

    setTags: translated(({ instanceId, tags }) => setTags(instanceId, tags)),

    tagAsOurs: translated(({ instanceId, runId, tags }) => {
      const others = tags.filter(({ key }) => key !== TAG.namespace && key !== TAG.run);
      return setTags(instanceId, [
        ...others,
        { key: TAG.namespace, value: dependencies.namespaceId },
        { key: TAG.run, value: runId },
      ]);
    }),

    checkRegions: translated(async ({ regions }) => {
      const known = (await lambda.listRegions(signal())).map((region) => region.name);
      const unknown = regions.filter((region) => !known.includes(region));
      if (unknown.length === 0) return;
      throw invalidRequest([
        { field: 'region', problem: `Lambda has no region ${unknown.join(', ')} (it has: ${known.join(', ')})` },
      ]);
    }),

    findInstances: translated(async ({ launchToken }) => {
      const instances = await lambda.listInstances(signal());
      return instances.filter((instance) => tagValue(instance.tags, TAG.launch) === launchToken).map(view);
    }),

    readInstance: translated(({ instanceId }) => look(lambda, instanceId)),

    awaitEnded: translated(async ({ instanceId }) => {
      const found = await look(lambda, instanceId);
      if (found.kind === 'found' && stateOf(found.instance.status) === 'ending') {
        throw notYet('provider_unavailable', found.instance.status, looks.endMs);
      }
      return found;
    }),

    terminateInstance: translated(async ({ instanceId }) => {
      const answer = await terminate(lambda, instanceId);
      // Its owner waits for the end: the broker should watch it.
      await broker.wake(lookSignal, {});
      return answer;
    }),

    listInstances: translated(async () => {
      const instances = await lambda.listInstances(signal());
      return { instances: instances.map(listed) };
    }),

    listInstanceTypes: translated(async () => {
      const types = await lambda.listInstanceTypes(signal());
      return {
        instanceTypes: types.map(({ instanceType, regionsWithCapacity }) => ({
          name: instanceType.name,
          description: instanceType.description,
          gpus: instanceType.specs.gpus,
          pricePerHourUsd: instanceType.priceCentsPerHour / 100,
          regionsWithCapacity: regionsWithCapacity.map((region) => region.name),
        })),
      };
    }),
  };
}

/** One terminate request, and what its answer is worth. */
export async function terminate(lambda: LambdaClient, instanceId: string): Promise<TerminateAnswer> {
  try {
    const { status } = await lambda.terminateInstance(instanceId, signal());
    return { kind: 'accepted', status };
  } catch (error) {
    if (!(error instanceof LambdaError)) throw error;
    if (error.type === 'instance_not_found') return { kind: 'absent' };
    // "Already terminating" has come as global/unknown: look again, do not believe (P3).
    const unclear =
      error.type === 'terminate_not_echoed' || error.type === 'conflict' || error instanceof LambdaInvalidRequestError;
    if (unclear || error.code === 'global/unknown') return { kind: 'unclear', reason: error.message };
    throw error;
  }
}

function sameTags(a: readonly Tag[], b: readonly Tag[]): boolean {
  const sorted = (tags: readonly Tag[]): string => JSON.stringify(tags.map(({ key, value }) => [key, value]).sort());
  return sorted(a) === sorted(b);
}

/** Every type, as the domain sees it. */
export async function readTypes(lambda: LambdaClient): Promise<readonly ListedType[]> {
  const types = await lambda.listInstanceTypes(signal());
  return types.map(({ instanceType, regionsWithCapacity }) => ({
    name: instanceType.name,
    priceCentsPerHour: instanceType.priceCentsPerHour,
    gpus: { count: instanceType.specs.gpus, description: instanceType.gpuDescription },
    regionsWithCapacity: regionsWithCapacity.map((region) => region.name),
  }));
}

async function look(lambda: LambdaClient, instanceId: string): Promise<Look> {
  try {
    return { kind: 'found', instance: view(await lambda.getInstance(instanceId, signal())) };
  } catch (error) {
    if (error instanceof LambdaError && error.type === 'instance_not_found') return { kind: 'absent' };
    throw error;
  }
}

function view(instance: Instance): InstanceView {
  return {
    instanceId: instance.id,
    status: instance.status,
    instanceType: instance.instanceType.name,
    region: instance.region.name,
    ...(instance.ip === undefined ? {} : { address: instance.ip }),
  };
}

function listed(instance: Instance) {
  const node = tagValue(instance.tags, TAG.node);
  const launchToken = tagValue(instance.tags, TAG.launch);
  return {
    ...view(instance),
    pricePerHourUsd: instance.instanceType.priceCentsPerHour / 100,
    ...(instance.name === undefined ? {} : { name: instance.name }),
    ...(node === undefined ? {} : { node }),
    ...(launchToken === undefined ? {} : { launchToken }),
  };
}

function signal(): { readonly signal: AbortSignal } {
  return { signal: cancellationSignal() };
}
