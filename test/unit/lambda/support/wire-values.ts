import type { LaunchRequest } from '../../../../src/clients/lambda/index.ts';

export const INSTANCE_ID = '0920582c7ff041399e34823a0be62549';
export const OTHER_INSTANCE_ID = '1120582c7ff041399e34823a0be62500';

/** A launch with no more than Lambda demands. */
export const LAUNCH: LaunchRequest = {
  regionName: 'us-east-1',
  instanceTypeName: 'gpu_1x_a10',
  sshKeyNames: ['laptop'],
};

export const wireInstanceType = {
  name: 'gpu_1x_a10',
  description: '1x A10 (24 GB PCIe)',
  gpu_description: 'A10 (24 GB PCIe)',
  price_cents_per_hour: 129,
  specs: { vcpus: 30, memory_gib: 200, storage_gib: 1434, gpus: 1 },
};

/** An instance as Lambda sends it, with only what it always sends. */
export function wireInstance(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id: INSTANCE_ID,
    status: 'booting',
    ssh_key_names: ['laptop'],
    file_system_names: [],
    region: { name: 'us-east-1', description: 'Virginia, USA' },
    instance_type: wireInstanceType,
    actions: { terminate: { available: false, reason_code: 'vm-has-not-launched' } },
    ...fields,
  };
}

export function wireError(code: string, message = 'Something is wrong.', more: object = {}): object {
  return { error: { code, message, ...more } };
}
