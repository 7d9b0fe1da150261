import type { ProvisionNodeRequest } from '../sdk/index.ts';
import { pairs } from './flags.ts';
import { UsageError } from './usage-error.ts';

/** The flags of `provision`, as commander collects them. */
export interface ProvisionFlags {
  readonly type?: readonly string[];
  readonly region?: readonly string[];
  readonly sshKey?: readonly string[];
  readonly imageId?: string;
  readonly imageFamily?: string;
  readonly fileSystem?: readonly string[];
  readonly pool?: string;
  readonly label?: readonly string[];
  readonly command?: readonly string[];
  readonly secret?: readonly string[];
  /** Its text, as read from the file that the flag names. */
  readonly userData?: string;
  readonly hostKey?: string;
  readonly gpuCheck?: string;
  readonly registration?: string;
  readonly allowFakeGpus?: boolean;
  readonly waitUpTo?: string;
  readonly priority?: number;
  readonly maxPrice?: number;
  readonly maxLaunches?: number;
  readonly lifetime?: string;
  readonly deadline?: readonly string[];
}

/**
 * The request that the flags ask for, on top of that of a file: a flag replaces its whole field. Not checked here: the contract's schema
 * does that, for every caller alike.
 * @throws UsageError where a flag cannot be read at all
 */
export function requestFromFlags(
  name: string | undefined,
  flags: ProvisionFlags,
  file: Readonly<Record<string, unknown>> = {},
): ProvisionNodeRequest {
  if (name !== undefined && file['name'] !== undefined && file['name'] !== name) {
    throw new UsageError(`the request's name is ${JSON.stringify(file['name'])}, but ${name} is asked for: give one`);
  }
  const image = { ...given('id', flags.imageId), ...given('family', flags.imageFamily) };
  const deadlines = pairs('--deadline', 'part=duration, such as ssh=20m', flags.deadline);
  return {
    ...file,
    ...given('name', name),
    ...given('instanceType', oneOrMore(flags.type)),
    ...given('region', oneOrMore(flags.region)),
    ...given('sshKeyNames', flags.sshKey),
    ...given('image', Object.keys(image).length === 0 ? undefined : image),
    ...given('fileSystemNames', flags.fileSystem),
    ...given('pool', flags.pool),
    ...given('labels', pairs('--label', 'key=value', flags.label)),
    ...given('bootstrap', bootstrapFrom(flags)),
    ...given('userData', flags.userData),
    ...given('hostKey', flags.hostKey),
    ...given('gpuCheck', flags.gpuCheck),
    ...given('registration', flags.registration),
    ...given('allowFakeGpus', flags.allowFakeGpus),
    ...given('capacity', capacityFrom(flags)),
    ...given('maxPricePerHourUsd', flags.maxPrice),
    ...given('maxLaunches', flags.maxLaunches),
    ...given('lifetime', flags.lifetime),
    ...given('deadlines', deadlines),
  } as ProvisionNodeRequest;
}

function capacityFrom({ waitUpTo, priority }: ProvisionFlags): object | undefined {
  if (waitUpTo === undefined && priority === undefined) return undefined;
  return { ...given('waitUpTo', waitUpTo), ...given('priority', priority) };
}

function bootstrapFrom({ command, secret }: ProvisionFlags): object | undefined {
  return command === undefined && secret === undefined
    ? undefined
    : { commands: command ?? [], ...given('secrets', secret) };
}

function given<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<K, V>>);
}

/** One as itself: `--type a` and a file's `"instanceType": "a"` are the same request (P9). */
function oneOrMore(values: readonly string[] | undefined): string | readonly string[] | undefined {
  return values?.length === 1 ? values[0] : values;
}
