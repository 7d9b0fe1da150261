import { Buffer } from 'node:buffer';
import { z } from 'zod';
import type { InvalidField } from './errors.ts';
import { fieldPath } from './field-path.ts';
import type { Tag } from './instance.ts';
import { present } from './present.ts';

/** What to launch. The limits are Lambda's own, checked before anything is sent. */
export interface LaunchRequest {
  readonly regionName: string;
  readonly instanceTypeName: string;
  /** Exactly one name of a key that the account has registered. */
  readonly sshKeyNames: readonly string[];
  /** At most 64 characters. Lambda does not make it unique. */
  readonly name?: string | undefined;
  /** At most 63 of a-z, 0-9 and -, not beginning with -. */
  readonly hostname?: string | undefined;
  /** The default differs by region, so better name one. */
  readonly image?: { readonly id: string } | { readonly family: string } | undefined;
  /** cloud-init user data, at most 1 MB (1 000 000 bytes of UTF-8). Lambda never shows it again. */
  readonly userData?: string | undefined;
  /** Filesystems of the same region, mounted at their default places. */
  readonly fileSystemNames?: readonly string[] | undefined;
  /** Keys of 2 to 55 characters `^[a-z][a-z0-9-:]+$`, not beginning with `lambda-ai-`; values of at most 128 characters. */
  readonly tags?: readonly Tag[] | undefined;
}

const NAME_CHARACTERS = 64;
const TAG_KEY_CHARACTERS = 55;
const TAG_VALUE_CHARACTERS = 128;
// Lambda says "1 MB". Of the two readings we take the smaller: what passes here passes there.
const USER_DATA_BYTES = 1_000_000;

const atMost = (characters: number) =>
  z.string().refine((value) => Array.from(value).length <= characters, `must have at most ${characters} characters`);
const named = z.string('must be a string').min(1, 'must not be empty');

const launchRequest = z.strictObject({
  regionName: named,
  instanceTypeName: named,
  sshKeyNames: z
    .array(named, 'must be a list with the name of one SSH key')
    .length(1, 'must name exactly one SSH key: Lambda accepts neither none nor several'),
  name: atMost(NAME_CHARACTERS).optional(),
  hostname: z
    .string()
    .regex(/^[a-z0-9][0-9a-z-]{0,62}$/, 'must be 1 to 63 characters a-z, 0-9 and -, not beginning with -')
    .optional(),
  image: z
    .union([z.strictObject({ id: named }), z.strictObject({ family: named })], 'must be either {id} or {family}')
    .optional(),
  userData: z
    .string()
    .refine(
      (value) => Buffer.byteLength(value, 'utf8') <= USER_DATA_BYTES,
      `must have at most ${USER_DATA_BYTES} bytes in UTF-8`,
    )
    .optional(),
  fileSystemNames: z.array(named).optional(),
  tags: z
    .array(
      z.strictObject({
        key: z
          .string()
          .regex(/^[a-z][a-z0-9-:]+$/, 'must be 2 or more characters a-z, 0-9, - and :, beginning with a letter')
          .max(TAG_KEY_CHARACTERS, `must have at most ${TAG_KEY_CHARACTERS} characters`)
          .refine(
            (key) => !key.startsWith('lambda-ai-'),
            "must not begin with 'lambda-ai-', which Lambda keeps to itself",
          ),
        value: atMost(TAG_VALUE_CHARACTERS),
      }),
    )
    .optional(),
});

/** Everything that Lambda's documented rules forbid in a launch. Values are not repeated: user data may hold secrets. */
export function invalidLaunchFields(request: LaunchRequest): readonly InvalidField[] {
  const parsed = launchRequest.safeParse(request);
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ field: fieldPath([...issue.path, key]), problem: 'is not a field of this request' }))
      : [{ field: fieldPath(issue.path), problem: issue.message.replace(/^Invalid input: /, '') }],
  );
}

/** The request as Lambda wants it. */
export function launchBody(request: LaunchRequest): Readonly<Record<string, unknown>> {
  return present({
    region_name: request.regionName,
    instance_type_name: request.instanceTypeName,
    ssh_key_names: request.sshKeyNames,
    name: request.name,
    hostname: request.hostname,
    image: request.image,
    user_data: request.userData,
    file_system_names: request.fileSystemNames,
    tags: request.tags,
  });
}
