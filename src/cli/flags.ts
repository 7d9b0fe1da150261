import { InvalidArgumentError } from 'commander';
import { UsageError } from './usage-error.ts';

/** Which flag gives which field of a request, by the field's dotted path or its beginning. */
const FLAG_OF_FIELD: Readonly<Record<string, string>> = {
  name: '<name>',
  instanceType: '--type',
  region: '--region',
  sshKeyNames: '--ssh-key',
  'image.id': '--image-id',
  'image.family': '--image-family',
  image: '--image-id or --image-family',
  fileSystemNames: '--file-system',
  pool: '--pool',
  labels: '--label',
  'bootstrap.secrets': '--secret',
  bootstrap: '--command',
  userData: '--user-data',
  hostKey: '--host-key',
  gpuCheck: '--gpu-check',
  registration: '--registration',
  allowFakeGpus: '--allow-fake-gpus',
  'capacity.waitUpTo': '--wait-up-to',
  'capacity.priority': '--priority',
  maxPricePerHourUsd: '--max-price',
  maxLaunches: '--max-launches',
  lifetime: '--lifetime',
  deadlines: '--deadline',
  reason: '--reason',
  drainFor: '--drain-for',
  phase: '--phase',
  allow: '--allow',
  instanceId: '<instance id>',
};

/** Undefined: only a request file can hold the field. */
export function flagOf(field: string): string | undefined {
  const path = field.split('.');
  for (let length = path.length; length > 0; length -= 1) {
    const flag = FLAG_OF_FIELD[path.slice(0, length).join('.')];
    if (flag !== undefined) return flag;
  }
  return undefined;
}

/** For an option that may be repeated, each time with one value. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** For an option that may be repeated, each time with one value or several, separated by commas. */
export function collectList(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...value.split(',').map((item) => item.trim())];
}

/** For an option that takes a number; which ones it takes, the contract's schema says. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** What options of the form key=value say together. @throws UsageError naming the flag */
export function pairs(
  flag: string,
  form: string,
  values: readonly string[] | undefined,
): Readonly<Record<string, string>> | undefined {
  if (values === undefined) return undefined;
  return Object.fromEntries(
    values.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new UsageError(`${flag}: give ${form}, not ${JSON.stringify(text)}`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
