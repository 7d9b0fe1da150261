import { TAG } from '../domain/names.ts';
import {
  codeOf,
  instancesIn,
  isFields,
  isInstanceList,
  launchedId,
  LAUNCH_PATH,
  terminates,
  type Exchange,
} from './exchange.ts';

/** The instance's life as Lambda's answers told it. Milliseconds since the epoch; what was not seen is missing. */
export interface Life {
  readonly instanceId?: string;
  /** Of the launch that was answered with an instance, or of the last that may have made one. */
  readonly launchSentAt?: number;
  readonly launchAnsweredAt?: number;
  readonly listedAt?: number;
  readonly addressAt?: number;
  readonly activeAt?: number;
  readonly terminateSentAt?: number;
  /** `terminated` or `preempted` was seen, or a 404 after a terminate. */
  readonly endedAt?: number;
  readonly lastListedAt?: number;
  /** The first list without it after its end. */
  readonly unlistedAt?: number;
  /** The first 404 by its id after its end. */
  readonly unknownAt?: number;
}

const ENDED: readonly unknown[] = ['terminated', 'preempted'];

/** Of the instance that was launched for this node. */
export function lifeOf(exchanges: readonly Exchange[], node: string): Life {
  const launches = exchanges.filter(({ path }) => path === LAUNCH_PATH);
  const launch = launches.find((exchange) => launchedId(exchange) !== undefined) ?? launches.at(-1);
  const instanceId = (launch === undefined ? undefined : launchedId(launch)) ?? foundByTag(exchanges, node);
  const life: { -readonly [K in keyof Life]: Life[K] } = {};
  if (launch !== undefined) {
    life.launchSentAt = launch.sentAt;
    if (launch.answer !== undefined) life.launchAnsweredAt = launch.answeredAt;
  }
  if (instanceId === undefined) return life;
  life.instanceId = instanceId;

  for (const exchange of exchanges) {
    const { answeredAt } = exchange;
    if (terminates(exchange, instanceId)) life.terminateSentAt ??= exchange.sentAt;
    const isList = isInstanceList(exchange);
    const shown = instancesIn(exchange).find(({ id }) => id === instanceId);
    if (shown !== undefined) {
      if (isList) {
        life.listedAt ??= answeredAt;
        life.lastListedAt = answeredAt;
      }
      if (typeof shown['ip'] === 'string') life.addressAt ??= answeredAt;
      if (shown['status'] === 'active') life.activeAt ??= answeredAt;
      if (ENDED.includes(shown['status'])) life.endedAt ??= answeredAt;
      continue;
    }
    const isUnknown =
      exchange.path === `/instances/${instanceId}` && codeOf(exchange) === 'global/object-does-not-exist';
    if (isUnknown && life.terminateSentAt !== undefined) {
      life.endedAt ??= answeredAt;
      life.unknownAt ??= answeredAt;
    }
    if (isList && life.endedAt !== undefined) life.unlistedAt ??= answeredAt;
  }
  return life;
}

/** Where the launch's own answer did not bring its id. */
function foundByTag(exchanges: readonly Exchange[], node: string): string | undefined {
  const found = exchanges.flatMap(instancesIn).find(({ tags }) => {
    const list = Array.isArray(tags) ? (tags as readonly unknown[]).filter(isFields) : [];
    return list.some(({ key, value }) => key === TAG.node && value === node);
  });
  return typeof found?.['id'] === 'string' ? found['id'] : undefined;
}

/** Durations in seconds, for docs/assumptions.md; only what was seen. */
export function timingsOf(life: Life, sshVerifiedAt?: number, readyAt?: number): Record<string, number> {
  const { launchSentAt, launchAnsweredAt, endedAt, terminateSentAt } = life;
  const spans: readonly (readonly [string, number | undefined, number | undefined])[] = [
    ['launch to its answer', launchSentAt, launchAnsweredAt],
    ['launch to listed', launchSentAt, life.listedAt],
    ['launch to address', launchSentAt, life.addressAt],
    ['launch to SSH verified', launchSentAt, sshVerifiedAt],
    ['launch to active', launchSentAt, life.activeAt],
    ['launch to ready', launchSentAt, readyAt],
    ['terminate to ended', terminateSentAt, endedAt],
    ['ended to last listed', endedAt, life.lastListedAt],
    ['ended to not listed', endedAt, life.unlistedAt],
    ['ended to unknown by id', endedAt, life.unknownAt],
  ];
  return Object.fromEntries(
    spans.flatMap(([what, from, to]) =>
      from === undefined || to === undefined || to < from ? [] : [[what, Math.round((to - from) / 100) / 10]],
    ),
  );
}
