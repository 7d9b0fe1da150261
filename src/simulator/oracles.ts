import { hasEnded, type InstanceTruth } from './instance.ts';
import type { RequestRecord, SimulatorRecord } from './record.ts';

/** The tags by which the oracles know our launches and nodes. */
const LAUNCH_TAG = 'navarch-launch';
const NODE_TAG = 'navarch-node';

const MINUTE_MS = 60_000;
const MINUTES_PER_HOUR = 60;

/** Questions about what truly happened, each a pure function of the record. */
export interface Oracles {
  /** What is not terminated or preempted yet: after everything is undone, nothing. */
  instancesAlive(): readonly InstanceTruth[];
  /** What is alive and nobody has asked to terminate: it costs money until somebody does. */
  instancesBilling(): readonly InstanceTruth[];
  billing(): Billing;
  /** Per launch token: how many launch requests carried it, and how many instances they made. */
  launchesPerToken(): ReadonlyMap<string, TokenUse>;
  /** Requests refused by the account's own limits (planned 429 do not count). */
  rateLimitViolations(): readonly RequestRecord[];
  /** Per node name, how many of its instances were ever billable (launched, not yet asked to terminate) at the same time. */
  instancesPerNode(): ReadonlyMap<string, number>;
  /** The same per launch token, by the tags of the launch, whatever became of them. */
  instancesPerToken(): ReadonlyMap<string, number>;
  /** Every terminate request that named the instance, in order, refused and struck ones included. None: it was never asked to end. */
  terminationsOf(instanceId: string): readonly TerminateRequest[];
  /** Where these strings turned up although they are secret: requests' paths and bodies, names, tags, commands, argv, labels. */
  secretsSeen(secrets: readonly string[]): readonly SecretSighting[];
}

/** Nobody knows for certain when Lambda's meter starts, so there are two. US cents; per started minute, to the terminate call. */
export interface Billing {
  /** From the accepted launch. */
  readonly fromAcceptanceCents: number;
  /** From the first time the instance was healthy; never healthy costs nothing. */
  readonly fromFirstHealthyCents: number;
}

export interface TokenUse {
  readonly requests: number;
  readonly created: number;
}

export interface TerminateRequest {
  /** When it came in. */
  readonly at: number;
  /** The account whose key it was; undefined when it was nobody's. */
  readonly account: string | undefined;
  /** What was answered; undefined when nothing was. */
  readonly status: number | undefined;
  /** It set the instance terminating, whatever was answered. A repetition does not, nor one by another account. */
  readonly tookEffect: boolean;
}

export interface SecretSighting {
  /** Never the secret itself: which of the given strings it was, from 0. */
  readonly secret: number;
  readonly place: string;
}

/** `now` gives the simulated time up to which the meters run. */
export function oraclesOver(record: SimulatorRecord, now: () => number): Oracles {
  return {
    instancesAlive: () => record.instances.filter(({ status }) => !hasEnded(status)),
    instancesBilling: () => record.instances.filter((instance) => billableUntil(instance) === undefined),
    billing: () => billing(record.instances, now()),
    launchesPerToken: () => launchesPerToken(record),
    rateLimitViolations: () => record.requests.filter(({ rateLimited }) => rateLimited === 'by-limit'),
    instancesPerNode: () =>
      mostAtOnce(record.instances.map((instance) => [tagValue(instance.tags, NODE_TAG), instance])),
    instancesPerToken: () => instancesPerToken(record),
    terminationsOf: (instanceId) => terminationsOf(record, instanceId),
    secretsSeen: (secrets) => secretsSeen(record, secrets),
  };
}

/** When the meter stopped; undefined while it runs. */
function billableUntil({ terminateRequestedAt, endedAt }: InstanceTruth): number | undefined {
  return terminateRequestedAt ?? endedAt;
}

function billing(instances: readonly InstanceTruth[], now: number): Billing {
  const cost = (instance: InstanceTruth, from: number | undefined): number => {
    if (from === undefined) return 0;
    const minutes = Math.ceil(Math.max(0, (billableUntil(instance) ?? now) - from) / MINUTE_MS);
    return (minutes * instance.priceCentsPerHour) / MINUTES_PER_HOUR;
  };
  const total = (start: (instance: InstanceTruth) => number | undefined): number =>
    instances.reduce((cents, instance) => cents + cost(instance, start(instance)), 0);
  return {
    fromAcceptanceCents: total(({ acceptedAt }) => acceptedAt),
    fromFirstHealthyCents: total(({ firstHealthyAt }) => firstHealthyAt),
  };
}

function launchesPerToken(record: SimulatorRecord): ReadonlyMap<string, TokenUse> {
  const uses = new Map<string, TokenUse>();
  for (const request of record.requests) {
    const token = request.operation === 'launch' ? tagValue(request.tags, LAUNCH_TAG) : undefined;
    if (token === undefined) continue;
    const before = uses.get(token) ?? { requests: 0, created: 0 };
    const created = request.createdInstanceId === undefined ? 0 : 1;
    uses.set(token, { requests: before.requests + 1, created: before.created + created });
  }
  return uses;
}

function instancesPerToken({ requests, instances }: SimulatorRecord): ReadonlyMap<string, number> {
  const launchTags = new Map(requests.map(({ createdInstanceId, tags }) => [createdInstanceId, tags]));
  return mostAtOnce(instances.map((made) => [tagValue(launchTags.get(made.id) ?? [], LAUNCH_TAG), made]));
}

/** Per name, how many of its instances were ever billable at the same time. What has no name is left out. */
function mostAtOnce(
  named: readonly (readonly [name: string | undefined, instance: InstanceTruth])[],
): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  for (const [name, { acceptedAt }] of named) {
    if (name === undefined) continue;
    // The number only ever grows at a launch.
    const atOnce = named.filter(([other, life]) => other === name && isBillableAt(life, acceptedAt)).length;
    most.set(name, Math.max(atOnce, most.get(name) ?? 0));
  }
  return most;
}

function isBillableAt(instance: InstanceTruth, time: number): boolean {
  return instance.acceptedAt <= time && time < (billableUntil(instance) ?? Infinity);
}

function terminationsOf(record: SimulatorRecord, instanceId: string): readonly TerminateRequest[] {
  return record.requests
    .filter(({ operation, body }) => operation === 'terminate' && namesInstance(body, instanceId))
    .map(({ at, account, status, terminatedInstanceIds }) => ({
      at,
      account,
      status,
      tookEffect: terminatedInstanceIds.includes(instanceId),
    }));
}

function namesInstance(body: unknown, instanceId: string): boolean {
  const ids: unknown = typeof body === 'object' && body !== null && 'instance_ids' in body ? body.instance_ids : [];
  return Array.isArray(ids) && ids.includes(instanceId);
}

function secretsSeen(record: SimulatorRecord, secrets: readonly string[]): readonly SecretSighting[] {
  const places: (readonly [place: string, text: string])[] = [
    ...record.requests.map((r) => [`${r.method} request`, `${r.path} ${JSON.stringify(r.body)}`] as const),
    ...record.instances.map((i) => [`instance ${i.id}`, JSON.stringify([i.name, i.tags])] as const),
    ...record.commands.map((c) => [`command on ${c.instanceId}`, c.command] as const),
    ...record.processes.map((p) => [`process list of ${p.instanceId}`, p.argv.join(' ')] as const),
    ...record.registrations.map((r) => [`registration of ${r.nodeId}`, JSON.stringify(r.labels)] as const),
  ];
  return secrets.flatMap((secret, index) =>
    places
      .filter(([, text]) => text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1)))
      .map(([place]) => ({ secret: index, place })),
  );
}

function tagValue(tags: InstanceTruth['tags'], key: string): string | undefined {
  return tags.find((tag) => tag.key === key)?.value;
}
