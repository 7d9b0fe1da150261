/**
 * What Lambda sends, and how it becomes our values. Unknown fields are allowed and dropped (also the jupyter credentials, which go no
 * further than this), null and missing are the same for what is optional, and words that may grow (status, action, region) stay
 * strings: Lambda adds to its answers without changing the version of its API description.
 */
import { z } from 'zod';
import type { Image, SshKey } from './catalogue.ts';
import type { Instance, InstanceAction, InstanceType, OfferedInstanceType, Region } from './instance.ts';
import { present } from './present.ts';

const optionalString = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);

const region = z.object({ name: z.string(), description: z.string() }) satisfies z.ZodType<Region>;

const instanceType = z
  .object({
    name: z.string(),
    description: z.string(),
    gpu_description: z.string(),
    // On the type itself, not in its specs.
    price_cents_per_hour: z.number().nonnegative(),
    specs: z.object({ vcpus: z.number(), memory_gib: z.number(), storage_gib: z.number(), gpus: z.number() }),
    architecture: optionalString,
  })
  .transform((wire): InstanceType =>
    present({
      name: wire.name,
      description: wire.description,
      gpuDescription: wire.gpu_description,
      priceCentsPerHour: wire.price_cents_per_hour,
      specs: {
        vcpus: wire.specs.vcpus,
        memoryGib: wire.specs.memory_gib,
        storageGib: wire.specs.storage_gib,
        gpus: wire.specs.gpus,
      },
      architecture: wire.architecture,
    }),
  );

const action = z
  .object({ available: z.boolean(), reason_code: optionalString, reason_description: optionalString })
  .transform((wire): InstanceAction =>
    present({
      available: wire.available,
      reasonCode: wire.reason_code,
      reasonDescription: wire.reason_description,
    }),
  );

const actions = z
  .record(z.string(), action.nullish())
  .nullish()
  .transform((wire) => {
    if (wire === null || wire === undefined) return undefined;
    return Object.fromEntries(Object.entries(wire).flatMap(([name, found]) => (found ? [[name, found] as const] : [])));
  });

const instance = z
  .object({
    id: z.string().min(1),
    name: optionalString,
    status: z.string().min(1),
    ip: optionalString,
    private_ip: optionalString,
    hostname: optionalString,
    region,
    instance_type: instanceType,
    ssh_key_names: z.array(z.string()),
    file_system_names: z.array(z.string()),
    tags: z.array(z.object({ key: z.string(), value: z.string() })).nullish(),
    actions,
    first_healthy: optionalString,
  })
  .transform((wire): Instance =>
    present({
      id: wire.id,
      name: wire.name,
      status: wire.status,
      ip: wire.ip,
      privateIp: wire.private_ip,
      hostname: wire.hostname,
      region: wire.region,
      instanceType: wire.instance_type,
      sshKeyNames: wire.ssh_key_names,
      fileSystemNames: wire.file_system_names,
      tags: wire.tags ?? [],
      actions: wire.actions,
      firstHealthy: wire.first_healthy,
    }),
  );

const offeredInstanceType = z
  .object({ instance_type: instanceType, regions_with_capacity_available: z.array(region) })
  .transform((wire) => ({
    instanceType: wire.instance_type,
    regionsWithCapacity: wire.regions_with_capacity_available,
  }));

const sshKey = z
  .object({ id: z.string(), name: z.string(), public_key: z.string() })
  .transform((wire): SshKey => ({ id: wire.id, name: wire.name, publicKey: wire.public_key }));

const image = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  family: z.string(),
  version: z.string(),
  architecture: z.string(),
  region,
}) satisfies z.ZodType<Image>;

const enveloped = <T extends z.ZodType>(data: T) => z.object({ data });

/** GET /instances. `page_token` stands beside `data`; null, empty or missing at the end. */
export const instancesAnswer = z.object({ data: z.array(instance), page_token: optionalString });
/** GET /instances/{id} */
export const instanceAnswer = enveloped(instance);
/** GET /instance-types: a map. Launches refer to its keys, so where key and name differ, the key is the name. */
export const instanceTypesAnswer = enveloped(
  z
    .record(z.string(), offeredInstanceType)
    .transform((types): readonly OfferedInstanceType[] =>
      Object.entries(types).map(([name, offered]) => ({ ...offered, instanceType: { ...offered.instanceType, name } })),
    ),
);
/** POST /instance-operations/launch. A launch is for one instance: with none or several ids we would not know ours. */
export const launchAnswer = enveloped(z.object({ instance_ids: z.tuple([z.string().min(1)]) }));
/** POST /instance-operations/terminate */
export const terminateAnswer = enveloped(z.object({ terminated_instances: z.array(instance) }));
/** GET /ssh-keys */
export const sshKeysAnswer = enveloped(z.array(sshKey));
/** GET /images */
export const imagesAnswer = enveloped(z.array(image));
/** GET /regions */
export const regionsAnswer = enveloped(z.array(region));

/** What Lambda answers when it refuses. Only the code is for machines. */
export const errorAnswer = z.object({
  error: z.object({
    code: z.string().min(1),
    message: optionalString,
    suggestion: optionalString,
    request_id: optionalString,
  }),
});
