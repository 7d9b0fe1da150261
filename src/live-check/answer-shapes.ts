import type { Fields } from './exchange.ts';
import { byKey, fields, kept, list, number, replaced, secret, unknown, type Shape } from './shapes.ts';

// Every field that the descriptions of the API name, in any of their copies, and what may be shown of it.

const WORD = /^[a-z][a-z0-9_-]{0,60}$/;
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]{5,15}(Z|[+-]\d\d:?\d\d)$/;
/** `Virginia, USA`, `1x A10 (24 GB PCIe)` */
const PUBLIC_TEXT = /^[A-Za-z0-9 ,.()/+-]{0,60}$/;
/** Of Lambda's errors: `global/invalid-api-key`. */
export const CODE = /^[a-z-]{1,40}(\/[a-z-]{1,60}){1,3}$/;
const TYPE_NAME = /^(g|c)pu_\d+x_[a-z0-9_]{1,40}$/;
const FAMILY = /^(lambda-stack|gpu-base)[a-z0-9-]{0,30}$/;
const boolean = unknown;

const id = replaced((to, value) => to.id(value));
const keyName = replaced((to, value) => to.word('key', value));
const fileSystem = replaced((to, value) => to.word('filesystem', value));
const name = replaced((to, value) => to.word('name', value));
const familyName: Shape = (value, to) =>
  typeof value === 'string' && !FAMILY.test(value) ? to.word('family', value) : kept(FAMILY)(value, to);

const region = fields({ name: kept(WORD), description: kept(PUBLIC_TEXT) });

const instanceType = fields({
  name: kept(TYPE_NAME),
  description: kept(PUBLIC_TEXT),
  gpu_description: kept(PUBLIC_TEXT),
  price_cents_per_hour: number,
  specs: fields({ vcpus: number, memory_gib: number, storage_gib: number, gpus: number }),
  architecture: kept(WORD),
});

const action = fields({
  available: boolean,
  reason_code: kept(WORD),
  reason_description: kept(/^[A-Za-z ',.]{0,120}$/),
});

/** Our own tags' names say what they are; other people's are theirs. */
const tagKey: Shape = (value, to) =>
  typeof value === 'string' && !/^(navarch|lambda-ai)-[a-z-]{1,40}$/.test(value) ? to.word('tag', value) : value;
const tags = list(fields({ key: tagKey, value: replaced((to, value) => to.word('value', value)) }));

const instance = fields({
  id,
  name,
  status: kept(WORD),
  ip: replaced((to, value) => to.address(value)),
  private_ip: replaced((to, value) => to.privateAddress(value)),
  hostname: replaced((to, value) => to.hostname(value)),
  region,
  instance_type: instanceType,
  ssh_key_names: list(keyName),
  file_system_names: list(fileSystem),
  file_system_mounts: list(fields({ mount_point: fileSystem, file_system_id: id })),
  firewall_rulesets: list(fields({ id })),
  tags,
  actions: byKey(WORD, action),
  is_reserved: boolean,
  first_healthy: kept(TIME),
  jupyter_token: secret,
  jupyter_url: secret,
});

const sshKey = fields({
  id,
  name: keyName,
  public_key: (value, to) => (typeof value === 'string' ? `${kindOfKey(value)} (public key)` : unknown(value, to)),
});

const image = fields({
  id,
  name: unknown,
  description: unknown,
  family: familyName,
  version: kept(/^[\d.-]{1,20}$/),
  architecture: kept(WORD),
  region,
  created_time: kept(TIME),
  updated_time: kept(TIME),
});

function kindOfKey(publicKey: string): string {
  return /^(ssh-(rsa|ed25519)|ecdsa-sha2-nistp(256|384|521)) /.exec(publicKey)?.[1] ?? 'unknown';
}

const errorAnswer = fields({
  error: fields({
    code: kept(CODE),
    // They name what was asked for, and nobody reads them: codes are for machines.
    message: unknown,
    suggestion: unknown,
    request_id: (value, to) => (typeof value === 'string' ? formOf(value) : unknown(value, to)),
  }),
});

/** Letters and digits of an id, as a form: `0f8b-12` is `0a0a-00`. */
export function formOf(value: string): string {
  return value.replaceAll(/[A-Za-z]/g, 'a').replaceAll(/\d/g, '0');
}

/** Lambda's own, and much the same. */
const IMAGES_SHOWN = 2;

/** What may be shown of an answer. `isOurs` tells our instances and keys from the account's others, of which none is shown. */
export function answerShape(method: string, path: string, status: number, isOurs: (item: Fields) => boolean): Shape {
  if (status < 200 || status > 299) return errorAnswer;
  const [route = ''] = path.split('?');
  const data = ((): Shape => {
    if (method === 'POST' && route === '/instance-operations/launch') return fields({ instance_ids: list(id) });
    if (method === 'POST' && route === '/instance-operations/terminate') {
      return fields({ terminated_instances: list(instance) });
    }
    if (route === '/instances') return list(instance, 0, isOurs);
    if (route.startsWith('/instances/')) return instance;
    if (route === '/instance-types') {
      return byKey(TYPE_NAME, fields({ instance_type: instanceType, regions_with_capacity_available: list(region) }));
    }
    if (route === '/ssh-keys') return list(sshKey, 0, isOurs);
    if (route === '/images') return list(image, IMAGES_SHOWN);
    if (route === '/regions') return list(region);
    return unknown;
  })();
  return fields({ data, page_token: replaced((to, value) => to.word('token', value)) });
}

/** What may be shown of a request. */
export function requestShape(path: string): Shape {
  if (path === '/instance-operations/terminate') return fields({ instance_ids: list(id) });
  if (path !== '/instance-operations/launch') return unknown;
  return fields({
    region_name: kept(WORD),
    instance_type_name: kept(TYPE_NAME),
    ssh_key_names: list(keyName),
    name,
    image: fields({ id, family: familyName }),
    file_system_names: list(fileSystem),
    tags,
  });
}

/** Whether the descriptions know the field, by its place: what is not among these is news. */
export const KNOWN_INSTANCE_FIELDS: readonly string[] = [
  ...['id', 'name', 'status', 'ip', 'private_ip', 'hostname', 'region', 'instance_type', 'ssh_key_names', 'tags'],
  ...['file_system_names', 'file_system_mounts', 'firewall_rulesets', 'actions', 'is_reserved', 'first_healthy'],
  ...['jupyter_token', 'jupyter_url'],
];
export const KNOWN_TYPE_FIELDS: readonly string[] = [
  ...['name', 'description', 'gpu_description', 'price_cents_per_hour', 'specs', 'architecture'],
];
