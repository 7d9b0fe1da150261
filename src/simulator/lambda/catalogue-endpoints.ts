import { success } from './answer.ts';
import type { Endpoint, World } from './call.ts';
import { instanceTypeJson, regionJson, timestamp } from './wire.ts';

/** What the cloud sells, and where: types with their hint of capacity, images, regions, filesystems. */
export function catalogueEndpoints(world: World): readonly Endpoint[] {
  const openedAt = timestamp(world.clock.now());
  return [
    {
      method: 'GET',
      path: '/instance-types',
      operation: 'instance-types',
      // A map by name. Every type is there; one that is sold out everywhere has an empty list (§2.5).
      handle: () => {
        const listed = world.cloud.listedCapacity();
        const entry = (type: (typeof world.types)[number]): Record<string, unknown> => ({
          instance_type: instanceTypeJson(type, world.wire),
          regions_with_capacity_available: (listed.get(type.name) ?? []).map((name) => regionJson(name, world.regions)),
        });
        return success(Object.fromEntries(world.types.map((type) => [type.name, entry(type)])));
      },
    },
    {
      method: 'GET',
      path: '/images',
      operation: 'images',
      handle: () =>
        success(
          world.images.map((image) => ({
            id: image.id,
            created_time: openedAt,
            updated_time: openedAt,
            name: `${image.family} ${image.version}`,
            description: image.description,
            family: image.family,
            version: image.version,
            architecture: image.architecture,
            region: image.region,
          })),
        ),
    },
    { method: 'GET', path: '/regions', operation: 'regions', handle: () => success(world.regions) },
    {
      method: 'GET',
      path: '/file-systems',
      operation: 'file-systems',
      handle: ({ account }) => {
        const inUse = new Set(
          world.cloud.list(account).flatMap(({ instance }) => instance.order.fileSystems.map(({ id }) => id)),
        );
        return success(
          account.fileSystems.map((system) => ({
            id: system.id,
            name: system.name,
            mount_point: `/lambda/nfs/${system.name}`,
            created: timestamp(system.createdAt),
            created_by: { id: system.id, email: 'someone@example.com', status: 'active' },
            is_in_use: inUse.has(system.id),
            region: regionJson(system.region, world.regions),
          })),
        );
      },
    },
  ];
}
