import { z } from 'zod';
import type { Sighting } from '../cloud.ts';
import { failure, success, type Answer } from './answer.ts';
import type { Call, Endpoint, World } from './call.ts';
import { invalid, tag } from './launch-order.ts';
import { instanceJson } from './wire.ts';

export const INSTANCE_ID = /^[0-9a-f]{32}$/;

const update = z.object({ name: z.string().max(64).nullish(), tags: z.array(tag).nullish() });

/** /instances: what reads instances, and renames them. */
export function instanceEndpoints(world: World): readonly Endpoint[] {
  const json = (sighting: Sighting, { account }: Call): Record<string, unknown> =>
    instanceJson(sighting, { ...world, account });
  const found = (call: Call): Sighting | Answer => {
    const id = call.params['id'] ?? '';
    // 400, not 404, for an id that is no id (§8.5).
    if (!INSTANCE_ID.test(id)) return failure('global/invalid-parameters', { message: 'id: not an instance id' });
    return world.cloud.get(call.account, id) ?? failure('global/object-does-not-exist');
  };
  const instanceName = ({ account, params }: Call): string | undefined =>
    world.cloud.nameOf(account, params['id'] ?? '');

  return [
    {
      method: 'GET',
      path: '/instances',
      operation: 'list',
      handle: (call) => {
        // No instance is ever in a cluster here, so the one filter there is leaves nothing.
        const all = call.query['cluster_id'] === undefined ? world.cloud.list(call.account) : [];
        const page = pageOf(all, call.query, world);
        return success(
          page.sightings.map((sighting) => json(sighting, call)),
          page.beside,
        );
      },
    },
    {
      method: 'GET',
      path: '/instances/:id',
      operation: 'get',
      instanceName,
      handle: (call) => {
        const sighting = found(call);
        return 'payload' in sighting ? sighting : success(json(sighting, call));
      },
    },
    {
      method: 'POST',
      path: '/instances/:id',
      operation: 'update',
      instanceName,
      handle: (call) => {
        const sighting = found(call);
        if ('payload' in sighting) return sighting;
        const parsed = update.safeParse(call.body);
        if (!parsed.success) return invalid(parsed.error);
        const { instance } = sighting;
        instance.name = parsed.data.name ?? instance.name;
        if (world.wire.olderSpec !== true) instance.tags = parsed.data.tags ?? instance.tags;
        return success(json(sighting, call));
      },
    },
  ];
}

interface Page {
  readonly sightings: readonly Sighting[];
  readonly beside: Readonly<Record<string, unknown>>;
}

/** Pages only when asked to, newest first; the token is the id of the last instance shown. */
function pageOf(all: readonly Sighting[], query: Call['query'], { wire }: World): Page {
  const paging = wire.paging ?? 'on-request';
  const asked = query['page_size'] !== undefined || query['page_token'] !== undefined;
  if (wire.olderSpec === true || (paging === 'on-request' && !asked)) return { sightings: all, beside: {} };

  const size = Number(query['page_size'] ?? wire.pageSize ?? 2);
  const token = query['page_token'];
  const start = token === undefined ? 0 : all.findIndex(({ instance }) => instance.id === token) + 1;
  const sightings = all.slice(start, start + size);
  if (paging === 'repeats-token') return { sightings, beside: { page_token: token ?? all[0]?.instance.id ?? 'again' } };
  const isLast = start + size >= all.length;
  return { sightings, beside: { page_token: isLast ? null : (sightings.at(-1)?.instance.id ?? null) } };
}
