import type { Account } from '../account.ts';
import type { InstanceTypeSpec, RegionSpec } from '../catalogue.ts';
import type { Cloud, Sighting } from '../cloud.ts';
import { faultOf } from '../faults/instance-faults.ts';

/** How the API writes things where its copies differ, or where nobody knows. */
export interface WireOptions {
  /** Adds fields that no description knows to every object (§8.9). */
  readonly unknownFields?: boolean;
  /** Writes absent optional fields as null, as the description of 2024 did (§8.2). */
  readonly nulls?: boolean;
  /** Instances come in pages: only when asked for (default), always by `pageSize`, or always with a token that repeats (§8.7). */
  readonly paging?: 'on-request' | 'always' | 'repeats-token';
  /** Default 2. */
  readonly pageSize?: number;
  /** The status of a launch that names an unknown type, key, image or region (§8.3). Default 404; both are documented. */
  readonly missingObjectStatus?: 400 | 404;
  /** The code for an SSH key name that is taken (§8.46). */
  readonly duplicateKeyCode?: 'global/duplicate' | 'global/invalid-parameters';
  /** Errors carry a `request_id`, as some have read in them (§8.2). */
  readonly requestIds?: boolean;
  /** Leaves out what only copies later than the spec of May 2026 show: `first_healthy`, `architecture`, paging. */
  readonly olderSpec?: boolean;
}

export function instanceJson(
  { instance, status }: Sighting,
  context: {
    readonly account: Account;
    readonly cloud: Cloud;
    readonly regions: readonly RegionSpec[];
    readonly wire: WireOptions;
  },
): Record<string, unknown> {
  const { cloud, regions, wire } = context;
  const { order, address } = instance;
  const showsJupyter = instance.firstHealthyAt !== undefined && status !== 'booting';
  const hostname = order.hostname ?? (address === undefined ? undefined : `${dashed(address)}.cloud.lambdalabs.com`);
  const json = {
    id: instance.id,
    name: instance.name,
    ip: address,
    private_ip: address === undefined ? undefined : `10.19.${address.split('.').slice(2).join('.')}`,
    status,
    ssh_key_names: order.sshKeyNames,
    file_system_names: order.fileSystems.map(({ name }) => name),
    file_system_mounts:
      order.fileSystems.length === 0
        ? undefined
        : order.fileSystems.map(({ id, mountPoint }) => ({ mount_point: mountPoint, file_system_id: id })),
    region: regionJson(order.region, regions),
    instance_type: instanceTypeJson(order.type, wire),
    hostname,
    jupyter_token: showsJupyter ? instance.jupyterToken : undefined,
    jupyter_url: showsJupyter
      ? `https://jupyter-${instance.id.slice(0, 12)}.lambdaspaces.com/?token=${instance.jupyterToken}`
      : undefined,
    is_reserved: false,
    actions: actionsJson({ instance, status }, cloud),
    tags: instance.tags,
    firewall_rulesets: [],
    ...(wire.olderSpec === true
      ? {}
      : { first_healthy: instance.firstHealthyAt === undefined ? null : timestamp(instance.firstHealthyAt) }),
  };
  return spiced(json, wire);
}

export function instanceTypeJson(type: InstanceTypeSpec, wire: WireOptions): Record<string, unknown> {
  const json = {
    name: type.name,
    description: type.description,
    gpu_description: type.gpuDescription,
    price_cents_per_hour: type.priceCentsPerHour,
    specs: { vcpus: type.vcpus, memory_gib: type.memoryGib, storage_gib: type.storageGib, gpus: type.gpus },
    ...(wire.olderSpec === true ? {} : { architecture: type.architecture }),
  };
  return spiced(json, wire);
}

export function regionJson(name: string, regions: readonly RegionSpec[]): RegionSpec {
  return regions.find((region) => region.name === name) ?? { name, description: 'Unknown' };
}

export function timestamp(at: number): string {
  return new Date(at).toISOString();
}

/** Which actions are open, and why not (§8.31). */
function actionsJson({ instance, status }: Sighting, cloud: Cloud): Record<string, unknown> {
  const closed = (reason_code: string, reason_description: string): Record<string, unknown> => ({
    available: false,
    reason_code,
    reason_description,
  });
  const booting = closed('vm-has-not-launched', 'The instance has not launched yet.');
  const ending = closed('vm-is-terminating', 'The instance is terminating.');
  const busy = closed('vm-action-in-progress', 'Another action is in progress.');
  const open = { available: true };

  const usual =
    status === 'booting'
      ? booting
      : ['terminating', 'terminated', 'preempted'].includes(status)
        ? ending
        : cloud.isBusy(instance)
          ? busy
          : open;
  const refusesTerminate =
    status === 'booting' && faultOf(instance.faults, 'terminate-refused-while-booting') !== undefined;
  return {
    migrate: usual,
    rebuild: usual,
    restart: usual,
    cold_reboot: usual,
    terminate: refusesTerminate ? booting : usual === ending ? ending : open,
  };
}

function spiced(json: Record<string, unknown>, wire: WireOptions): Record<string, unknown> {
  const complete = wire.nulls === true ? withNulls(json) : json;
  return wire.unknownFields === true ? { ...complete, x_introduced_later: { since: '2027-01', value: 7 } } : complete;
}

function withNulls(json: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, value === undefined ? null : value]));
}

const dashed = (address: string): string => address.replaceAll('.', '-');
