import { z } from 'zod';
import type { TerminateOutcome } from '../cloud.ts';
import { failure, success, type Answer } from './answer.ts';
import type { Call, Endpoint, World } from './call.ts';
import { INSTANCE_ID } from './instance-endpoints.ts';
import { invalid, readLaunch } from './launch-order.ts';
import { instanceJson } from './wire.ts';

const instanceIds = z.object({ instance_ids: z.array(z.string().regex(INSTANCE_ID)).min(1) });

/** POST /instance-operations/…: what changes instances. */
export function operationEndpoints(world: World): readonly Endpoint[] {
  return [
    {
      method: 'POST',
      path: '/instance-operations/launch',
      operation: 'launch',
      instanceName: ({ body }) => (body as { name?: string } | undefined)?.name ?? '',
      handle: (call) => launch(call, world),
    },
    {
      method: 'POST',
      path: '/instance-operations/terminate',
      operation: 'terminate',
      instanceName: (call) => firstName(call, world),
      handle: (call) => terminate(call, world),
    },
    {
      method: 'POST',
      path: '/instance-operations/restart',
      operation: 'restart',
      instanceName: (call) => firstName(call, world),
      handle: (call) => restart(call, world),
    },
  ];
}

function launch(call: Call, world: World): Answer {
  const order = readLaunch(call.body, call.account, world);
  if ('payload' in order) return order;
  const outcome = world.cloud.launch(call.account, order);
  switch (outcome.kind) {
    case 'launched':
      call.record.createdInstanceId = outcome.instance.id;
      return success({ instance_ids: [outcome.instance.id] });
    case 'no-capacity':
      return failure('instance-operations/launch/insufficient-capacity');
    case 'over-quota':
      return failure('global/quota-exceeded');
  }
}

/** All or nothing: one bad id and none is touched. What the real one does with such a batch is not known. */
function terminate(call: Call, world: World): Answer {
  const parsed = instanceIds.safeParse(call.body);
  if (!parsed.success) return invalid(parsed.error);
  const ids = parsed.data.instance_ids;
  if (!ids.every((id) => world.cloud.isKnown(call.account, id))) return failure('global/object-does-not-exist');

  const terminated: Record<string, unknown>[] = [];
  for (const id of ids) {
    const outcome: TerminateOutcome = world.cloud.terminate(call.account, id);
    if (outcome.kind === 'not-found') return failure('global/object-does-not-exist');
    if (outcome.kind === 'refused') return failure(outcome.code, { status: outcome.status });
    if (outcome.kind === 'not-applied') continue;
    const { instance, isFirst } = outcome;
    if (isFirst) call.record.terminatedInstanceIds = [...call.record.terminatedInstanceIds, id];
    terminated.push(instanceJson({ instance, status: instance.status }, { ...world, account: call.account }));
  }
  return success({ terminated_instances: terminated });
}

function restart(call: Call, world: World): Answer {
  const parsed = instanceIds.safeParse(call.body);
  if (!parsed.success) return invalid(parsed.error);
  const restarted: Record<string, unknown>[] = [];
  for (const id of parsed.data.instance_ids) {
    const sighting = world.cloud.get(call.account, id);
    if (sighting === undefined) return failure('global/object-does-not-exist');
    if (!world.cloud.restart(sighting.instance)) return failure('global/conflict');
    restarted.push(instanceJson(sighting, { ...world, account: call.account }));
  }
  return success({ restarted_instances: restarted });
}

function firstName({ body, account }: Call, { cloud }: World): string | undefined {
  const id = instanceIds.safeParse(body).data?.instance_ids[0];
  return id === undefined ? undefined : cloud.nameOf(account, id);
}
