import { z } from 'zod';
import type { Account, FileSystem } from '../account.ts';
import type { LaunchOrder } from '../instance.ts';
import { failure, type Answer } from './answer.ts';
import type { World } from './call.ts';

const MAX_USER_DATA_BYTES = 1_000_000;

export const tag = z.object({
  key: z
    .string()
    .max(55)
    .regex(/^[a-z][a-z0-9-:]+$/)
    .refine((key) => !key.startsWith('lambda-ai-'), 'the prefix lambda-ai- is reserved'),
  value: z.string().max(128),
});

/** The launch request as Lambda's API description has it (§2.3). Unknown fields are ignored, as its framework does. */
const launchBody = z.object({
  region_name: z.string(),
  instance_type_name: z.string(),
  ssh_key_names: z.array(z.string()).length(1),
  name: z.string().max(64).nullish(),
  hostname: z
    .string()
    .min(1)
    .max(63)
    .regex(/^[a-z0-9][0-9a-z-]{0,62}$/)
    .nullish(),
  image: z.union([z.object({ id: z.string() }), z.object({ family: z.string() })]).nullish(),
  user_data: z
    .string()
    .refine((text) => Buffer.byteLength(text) <= MAX_USER_DATA_BYTES, 'must not be larger than 1 MB')
    .nullish(),
  file_system_names: z.array(z.string()).nullish(),
  file_system_mounts: z
    .array(
      z.object({
        mount_point: z
          .string()
          .max(256)
          .regex(/^(\/home|\/lambda\/nfs|\/data)[//a-zA-Z0-9-]*$/),
        file_system_id: z.string(),
      }),
    )
    .nullish(),
  tags: z.array(tag).nullish(),
  firewall_rulesets: z.array(z.object({ id: z.string() })).nullish(),
  quantity: z.int().min(1).max(1, 'Input should be less than or equal to 1').nullish(),
});

type LaunchBody = z.infer<typeof launchBody>;

/** Checks a launch request: what is wrong with it as the API would say, or the order it makes. */
export function readLaunch(body: unknown, account: Account, world: World): LaunchOrder | Answer {
  const parsed = launchBody.safeParse(body);
  if (!parsed.success) return invalid(parsed.error);
  const request = parsed.data;
  const missing = (message: string): Answer =>
    failure('global/object-does-not-exist', { status: world.wire.missingObjectStatus ?? 404, message });

  if (!world.regions.some(({ name }) => name === request.region_name)) {
    return missing(`Region ${request.region_name} does not exist.`);
  }
  const type = world.types.find(({ name }) => name === request.instance_type_name);
  if (type === undefined) return missing(`Instance type ${request.instance_type_name} does not exist.`);
  const keys = account.sshKeys.filter(({ name }) => request.ssh_key_names.includes(name));
  if (keys.length === 0) return missing(`SSH key ${request.ssh_key_names.join()} does not exist.`);
  if (!imageExists(request, world)) return missing('Image does not exist.');
  if ((request.firewall_rulesets ?? []).length > 0) {
    return missing('Firewall ruleset does not exist or you do not have permission to access it.');
  }
  const fileSystems = mountsOf(request, account);
  if (fileSystems === undefined) return missing('Filesystem was not found.');
  if (fileSystems.some(({ system }) => system.region !== request.region_name)) {
    return failure('instance-operations/launch/file-system-in-wrong-region');
  }

  return {
    type,
    region: request.region_name,
    name: request.name ?? '',
    ...(request.hostname == null ? {} : { hostname: request.hostname }),
    tags: request.tags ?? [],
    sshKeyNames: request.ssh_key_names,
    authorizedKeys: keys.map(({ publicKey }) => publicKey),
    fileSystems: fileSystems.map(({ system, mountPoint }) => ({ id: system.id, name: system.name, mountPoint })),
    ...(request.user_data == null ? {} : { userData: request.user_data }),
  };
}

/** 400 that names the first bad field, in the manner of `quantity: Input should be less than or equal to 1`. */
export function invalid(error: z.ZodError): Answer {
  const issue = error.issues[0];
  return failure('global/invalid-parameters', {
    message: issue === undefined ? 'Invalid request data.' : `${issue.path.join('.')}: ${issue.message}`,
  });
}

function imageExists({ image, region_name }: LaunchBody, { images }: World): boolean {
  if (image == null) return true;
  return images.some((known) =>
    'id' in image ? known.id === image.id && known.region.name === region_name : known.family === image.family,
  );
}

interface Mount {
  readonly system: FileSystem;
  readonly mountPoint: string;
}

/** The filesystems by name and by mount; a mount wins over a name. Undefined when one does not exist. */
function mountsOf(request: LaunchBody, account: Account): readonly Mount[] | undefined {
  const mounts = new Map<string, Mount>();
  for (const name of request.file_system_names ?? []) {
    const system = account.fileSystems.find((candidate) => candidate.name === name);
    if (system === undefined) return undefined;
    mounts.set(system.id, { system, mountPoint: `/lambda/nfs/${name}` });
  }
  for (const { file_system_id, mount_point } of request.file_system_mounts ?? []) {
    const system = account.fileSystems.find(({ id }) => id === file_system_id);
    if (system === undefined) return undefined;
    mounts.set(system.id, { system, mountPoint: mount_point });
  }
  return [...mounts.values()];
}
