/** A GPU machine as its caller and Navarch name it: a DNS label of at most 40 characters, unique among live nodes of the account. */
export const NODE_NAME_PATTERN = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;
export const NODE_NAME_RULE =
  'must be a DNS label of at most 40 characters (lower-case letters, digits and inner hyphens)';

/**
 * Random, and never used for a second launch request (P2): what finds an instance when its id is not known. 20 lower-case hex digits, so
 * that `<node>-<token>` stays within Lambda's 64 characters for an instance name.
 */
export const LAUNCH_TOKEN_PATTERN = /^[0-9a-f]{20}$/;

/** A token from a UUID of the workflow's own random source. */
export function launchTokenFrom(uuid: string): string {
  return uuid.replaceAll('-', '').slice(0, 20);
}

export function instanceName(node: string, launchToken: string): string {
  return `${node}-${launchToken}`;
}

/** Tags by which an instance says whose it is. Keys must match Lambda's `^[a-z][a-z0-9-:]+$`, at most 55 characters. */
export const TAG = {
  node: 'navarch-node',
  launch: 'navarch-launch',
  /** The Temporal namespace's UUID: names repeat between servers, UUIDs do not. */
  namespace: 'navarch-namespace',
  /** First run id of the provisionNode execution that launched it. */
  run: 'navarch-run',
  /** ISO 8601; Lambda itself tells no creation time. */
  launchedAt: 'navarch-launched-at',
  pool: 'navarch-pool',
} as const;

/** Prefixes of tags that callers may not set: ours, and Lambda's own. */
export const RESERVED_LABEL_PREFIXES = ['navarch-', 'lambda-ai-'] as const;

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface LaunchIdentity {
  readonly node: string;
  readonly launchToken: string;
  readonly namespaceId: string;
  readonly runId: string;
  readonly launchedAt: string;
}

export function tagsOf(
  identity: LaunchIdentity,
  pool: string | undefined,
  labels: Readonly<Record<string, string>>,
): Tag[] {
  return [
    { key: TAG.node, value: identity.node },
    { key: TAG.launch, value: identity.launchToken },
    { key: TAG.namespace, value: identity.namespaceId },
    { key: TAG.run, value: identity.runId },
    { key: TAG.launchedAt, value: identity.launchedAt },
    ...(pool === undefined ? [] : [{ key: TAG.pool, value: pool }]),
    ...Object.entries(labels).map(([key, value]) => ({ key, value })),
  ];
}

export function tagValue(tags: readonly Tag[], key: string): string | undefined {
  return tags.find((tag) => tag.key === key)?.value;
}

/** An instance as the list shows it, with what our tags say. */
export interface TaggedInstance {
  readonly instanceId: string;
  readonly status: string;
  readonly node?: string;
  readonly launchToken?: string;
  /** UUID of the Temporal namespace that tagged it. */
  readonly namespaceId?: string;
  /** First run id of the workflow that launched it. */
  readonly runId?: string;
}

export function tagged(instance: {
  readonly id: string;
  readonly status: string;
  readonly tags: readonly Tag[];
}): TaggedInstance {
  const [node, launchToken, namespaceId, runId] = [TAG.node, TAG.launch, TAG.namespace, TAG.run].map((key) =>
    tagValue(instance.tags, key),
  );
  return {
    instanceId: instance.id,
    status: instance.status,
    ...(node === undefined ? {} : { node }),
    ...(launchToken === undefined ? {} : { launchToken }),
    ...(namespaceId === undefined ? {} : { namespaceId }),
    ...(runId === undefined ? {} : { runId }),
  };
}

/** What is left of an instance's tags when it is not ours any more: the caller's own labels. */
export function withoutOurTags(tags: readonly Tag[]): Tag[] {
  return tags.filter((tag) => !isOurTag(tag));
}

export function isOurTag({ key }: Tag): boolean {
  return (Object.values(TAG) as readonly string[]).includes(key);
}
