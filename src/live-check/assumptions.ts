import type { Node } from '../contract/provision-node.ts';
import { ATTENTION_AFTER_MS, DEFAULT_DEADLINES, SETTLE_WINDOW_MS } from '../domain/deadlines.ts';
import { CODE, KNOWN_INSTANCE_FIELDS, KNOWN_TYPE_FIELDS } from './answer-shapes.ts';
import { clientView } from './client-view.ts';
import {
  codeOf,
  dataOf,
  instancesIn,
  isFields,
  isInstanceList,
  launchedId,
  LAUNCH_PATH,
  terminates,
  type Exchange,
  type Fields,
} from './exchange.ts';
import type { Life } from './life.ts';
import { isPlainHeader } from './sanitise.ts';

// What a live-check can say about the assumptions of docs/assumptions.md, each by its id. A test holds the two together.

/** What was seen and done. */
export interface Evidence {
  readonly exchanges: readonly Exchange[];
  readonly life: Life;
  readonly priceCentsPerHour: number;
  readonly instanceType: string;
  readonly sshKeyName: string | undefined;
  /** The public half of the worker's key, `<kind> <base64>`. */
  readonly publicKey: string;
  readonly imageFamily: string | undefined;
  /** The ready node, if it came to that. */
  readonly node: Node | undefined;
  /** The failure type of a provision that failed. */
  readonly failure: string | undefined;
}

export interface Verdict {
  readonly verdict: 'as assumed' | 'other' | 'not seen';
  /** Nothing of the account's. */
  readonly detail: string;
}

/** Harmless questions: an instance that nobody has, and an id that is none. */
export const UNKNOWN_ID = 'f'.repeat(32);
export const MALFORMED_ID = 'no-instance';

const KNOWN_STATUS: readonly unknown[] = ['booting', 'active', 'unhealthy', 'terminating', 'terminated', 'preempted'];

const notSeen = (detail = ''): Verdict => ({ verdict: 'not seen', detail });
const asAssumed = (detail = ''): Verdict => ({ verdict: 'as assumed', detail });
const other = (detail: string): Verdict => ({ verdict: 'other', detail });

/** As assumed unless something is wrong; not seen, where there was nothing to look at. */
function unless(wrong: readonly string[], seen: number, detail = ''): Verdict {
  if (wrong.length > 0) return other([...new Set(wrong)].slice(0, 5).join('; '));
  return seen === 0 ? notSeen() : asAssumed(detail);
}

const seconds = (from: number, to: number): string => `${((to - from) / 1000).toFixed(1)} s`;

function within(from: number | undefined, to: number | undefined, limitMs: number): Verdict {
  if (from === undefined || to === undefined) return notSeen();
  const took = seconds(from, to);
  return to - from <= limitMs ? asAssumed(took) : other(`${took}, more than ${limitMs / 1000} s`);
}

export const OBSERVERS: Readonly<Record<string, (evidence: Evidence) => Verdict>> = {
  'success-envelope': ({ exchanges }) => {
    const good = exchanges.filter(({ answer }) => answer !== undefined && answer.status < 300);
    return unless(
      good.flatMap((e) => (dataOf(e) === undefined ? [`${e.answer?.status ?? 0} without data`] : [])),
      good.length,
    );
  },
  'answer-fields': ({ exchanges }) => {
    const good = exchanges.filter(({ answer }) => answer?.status === 200);
    return unless(good.flatMap(unreadable), good.length, `${good.length} answers read`);
  },
  'known-fields': ({ exchanges }) => {
    const instances = exchanges.flatMap(instancesIn);
    const types = [...instances.map((instance) => instance['instance_type']), ...exchanges.flatMap(typesIn)];
    const wrong = [
      ...instances.flatMap((item) => unknownFields('instance', item, KNOWN_INSTANCE_FIELDS)),
      ...types.filter(isFields).flatMap((item) => unknownFields('instance_type', item, KNOWN_TYPE_FIELDS)),
    ];
    return unless(wrong, instances.length + types.length);
  },
  'status-words': ({ exchanges }) => {
    const words = exchanges.flatMap(instancesIn).map(({ status }) => String(status));
    const strange = words.filter((word) => !KNOWN_STATUS.includes(word));
    return unless(
      strange.map((word) => (/^[a-z_-]{1,30}$/.test(word) ? `status ${word}` : 'a status of another form')),
      words.length,
      [...new Set(words)].join(', '),
    );
  },
  'whole-list': ({ exchanges }) => {
    const lists = exchanges.filter(isInstanceList);
    const paged = lists.filter(({ answer }) => isFields(answer?.json) && Boolean(answer.json['page_token']));
    return unless(paged.length > 0 ? ['a list came in pages'] : [], lists.length);
  },
  'error-envelope': ({ exchanges }) => {
    const refused = exchanges.filter(
      ({ answer }) => answer !== undefined && answer.status >= 400 && answer.status !== 429,
    );
    return unless(
      refused.flatMap((e) => (codeOf(e) === undefined ? [`${e.answer?.status ?? 0} without error.code`] : [])),
      refused.length,
    );
  },
  'unknown-id-404': ({ exchanges }) =>
    refusal(exchanges, `/instances/${UNKNOWN_ID}`, 404, 'global/object-does-not-exist'),
  'malformed-id-400': ({ exchanges }) =>
    refusal(exchanges, `/instances/${MALFORMED_ID}`, 400, 'global/invalid-parameters'),
  'wrong-key-401': ({ exchanges }) => {
    const refused = exchanges.filter(({ answer }) => answer?.status === 401);
    return unless(
      refused.flatMap((e) => (codeOf(e) === 'global/invalid-api-key' ? [] : [codeName(e)])),
      refused.length,
    );
  },
  'no-429-at-our-pace': ({ exchanges }) => {
    const limited = exchanges.filter(({ answer }) => answer?.status === 429);
    return unless(limited.map(describe429), exchanges.length, `${exchanges.length} requests`);
  },
  'no-redirect': ({ exchanges }) => {
    const moved = exchanges.filter(({ answer }) => answer !== undefined && answer.status >= 300 && answer.status < 400);
    return unless(
      moved.map(({ answer }) => `status ${answer?.status ?? 0}`),
      exchanges.length,
    );
  },
  'date-header': ({ exchanges }) => {
    const answers = exchanges.flatMap(({ answer }) => answer ?? []);
    const without = answers.filter(({ headers }) => Number.isNaN(Date.parse(headers['date'] ?? '')));
    return unless(
      without.length > 0 ? [`${without.length} of ${answers.length} answers without Date`] : [],
      answers.length,
    );
  },
  'capacity-hint': ({ exchanges }) => {
    const launches = exchanges.filter(({ path }) => path === LAUNCH_PATH);
    const refused = launches.filter(({ answer }) => answer !== undefined && answer.status >= 400);
    const wrong = refused.filter((e) => codeOf(e) !== 'instance-operations/launch/insufficient-capacity');
    return unless(
      wrong.map(codeName),
      launches.length,
      `${launches.length} sent, ${refused.length} refused for capacity`,
    );
  },
  'launch-answer': ({ exchanges }) => {
    const good = exchanges.filter(({ path, answer }) => path === LAUNCH_PATH && answer?.status === 200);
    return unless(good.flatMap(unreadable), good.length);
  },
  'launch-answers-in-time': ({ life }) => within(life.launchSentAt, life.launchAnsweredAt, 90_000),
  'listed-in-settle-window': ({ life }) => within(life.launchAnsweredAt, life.listedAt, SETTLE_WINDOW_MS),
  'tags-kept': (evidence) =>
    asSent(evidence, 'tags', (sent, shown) => tagsOf(sent).every((tag) => tagsOf(shown).includes(tag))),
  'name-kept': (evidence) => asSent(evidence, 'name', (sent, shown) => sent === shown),
  'user-data-unseen': ({ exchanges }) => {
    const instances = exchanges.flatMap(instancesIn);
    return unless(instances.some((item) => 'user_data' in item) ? ['an answer shows user_data'] : [], instances.length);
  },
  'address-in-time': ({ life }) => within(life.launchSentAt, life.addressAt, DEFAULT_DEADLINES.addressMs),
  'active-in-time': ({ life }) => within(life.launchSentAt, life.activeAt, DEFAULT_DEADLINES.activeMs),
  'ssh-in-time': ({ life, node, failure }) => {
    if (failure === 'ssh_unreachable') return other('no verified SSH session within the deadline');
    return node === undefined
      ? notSeen()
      : within(life.addressAt, Date.parse(node.times.sshVerified), DEFAULT_DEADLINES.sshMs);
  },
  'host-key-from-user-data': ({ node, failure }) => {
    if (failure === 'host_key_mismatch') return other('the machine never showed the host key that user data gave it');
    return node === undefined ? notSeen() : asAssumed(node.hostKey ?? '');
  },
  'gpus-as-described': ({ node, failure }) => {
    if (failure === 'gpu_unhealthy') return other('the GPUs did not pass the proof');
    return node?.gpuCheck === 'passed' ? asAssumed(node.gpus.map(({ model }) => model).join(', ')) : notSeen();
  },
  'price-as-listed': ({ exchanges, life, priceCentsPerHour }) => {
    const ours = exchanges.flatMap(instancesIn).filter(({ id }) => id === life.instanceId);
    const prices = ours.map((item) =>
      isFields(item['instance_type']) ? item['instance_type']['price_cents_per_hour'] : 0,
    );
    return unless(
      prices.flatMap((price) =>
        price === priceCentsPerHour ? [] : [`${String(price)} cents, listed ${priceCentsPerHour}`],
      ),
      prices.length,
    );
  },
  'image-family-offered': ({ exchanges, imageFamily }) => {
    const images = exchanges.filter(({ path }) => path === '/images').flatMap((e) => listed(dataOf(e)));
    const found = images.filter(({ family }) => family === imageFamily);
    return unless(
      found.length === 0 ? ['the configured image family is not listed'] : [],
      images.length,
      `in ${found.length} regions`,
    );
  },
  'ssh-key-listed': ({ exchanges, sshKeyName, publicKey }) => {
    const keys = exchanges.filter(({ path }) => path === '/ssh-keys').flatMap((e) => listed(dataOf(e)));
    const ours = keys.filter(({ name }) => name === sshKeyName);
    const same = ours.some((key) => String(key['public_key']).split(' ').slice(0, 2).join(' ') === publicKey);
    return unless(same ? [] : ['the account shows another public key under that name, or none'], keys.length);
  },
  'status-forward': ({ exchanges, life }) => {
    const words = exchanges.flatMap(instancesIn).flatMap(({ id, status }) => (id === life.instanceId ? [status] : []));
    const ranks = words.map((word) => RANK.indexOf(String(word))).filter((rank) => rank >= 0);
    return unless(
      ranks.some((rank, at) => rank < (ranks[at - 1] ?? 0)) ? ['a status went backwards'] : [],
      ranks.length,
    );
  },
  'terminate-echoes': ({ exchanges, life }) => {
    const { instanceId = '' } = life;
    const good = exchanges.filter((e) => terminates(e, instanceId) && e.answer?.status === 200);
    return unless(
      good.flatMap((e) => (instancesIn(e).some(({ id }) => id === instanceId) ? [] : ['200 without our instance'])),
      good.length,
    );
  },
  'ends-in-time': ({ life }) => within(life.terminateSentAt, life.endedAt, ATTENTION_AFTER_MS),
  'end-is-shown': ({ exchanges, life }) => {
    if (life.endedAt === undefined) return notSeen();
    const words = exchanges
      .flatMap(instancesIn)
      .filter(({ id }) => id === life.instanceId)
      .map(({ status }) => status);
    if (!words.includes('terminated')) return other('it vanished without being shown as terminated');
    return asAssumed(
      life.unlistedAt === undefined ? 'still listed' : `not listed ${seconds(life.endedAt, life.unlistedAt)} later`,
    );
  },
  'second-terminate': ({ exchanges, life }) => {
    const { instanceId = '', endedAt } = life;
    const again = exchanges.filter((e) => endedAt !== undefined && e.sentAt >= endedAt && terminates(e, instanceId));
    const wrong = again.filter(
      (e) => e.answer?.status !== 200 && !['global/object-does-not-exist', 'global/unknown'].includes(codeOf(e) ?? ''),
    );
    return unless(
      wrong.map(codeName),
      again.length,
      again.map((e) => (e.answer?.status === 200 ? '200' : codeName(e))).join(', '),
    );
  },
};

/** In the order of an instance's life. */
const RANK = ['booting', 'active', 'terminating', 'terminated'];

function refusal(exchanges: readonly Exchange[], path: string, status: number, code: string): Verdict {
  const found = exchanges.filter((e) => e.path === path && e.answer !== undefined && e.answer.status !== 429);
  const wrong = found.filter((e) => e.answer?.status !== status || codeOf(e) !== code);
  return unless(wrong.map(codeName), found.length, `${status} ${code}`);
}

function codeName(exchange: Exchange): string {
  return `${exchange.answer?.status ?? 'no answer'} ${shownCode(exchange) ?? 'without a code'}`;
}

/** If it looks like one. */
function shownCode(exchange: Exchange): string | undefined {
  return CODE.exec(codeOf(exchange) ?? '')?.[0];
}

function describe429(exchange: Exchange): string {
  const { headers = {}, json, text = '' } = exchange.answer ?? {};
  const body = json !== undefined ? 'JSON' : text.trim() === '' ? 'an empty body' : 'text';
  const code = codeOf(exchange) === undefined ? '' : `, code ${shownCode(exchange) ?? 'of another form'}`;
  const wait = headers['retry-after'];
  const shownWait = wait === undefined || isPlainHeader('retry-after', wait) ? (wait ?? 'none') : 'of another form';
  const what = exchange.path === LAUNCH_PATH ? 'a launch' : 'a read';
  return `429 for ${what} with ${body}${code}, Retry-After ${shownWait}`;
}

function unreadable({ method, path, answer }: Exchange): readonly string[] {
  if (answer === undefined) return [];
  try {
    clientView({ method, path, ...answer });
    return [];
  } catch (error) {
    const field = (error as { readonly field?: string }).field;
    return [`${method} ${path.replaceAll(/[0-9a-f]{32}/g, '{id}').replace(/\?.*/, '')}: field ${field ?? 'unknown'}`];
  }
}

function unknownFields(where: string, item: Fields, known: readonly string[]): readonly string[] {
  return Object.keys(item)
    .filter((name) => !known.includes(name))
    .map((name) => `${where}.${/^[a-z][a-z_]{0,40}$/.test(name) ? name : '?'} is new`);
}

function typesIn(exchange: Exchange): readonly unknown[] {
  const data = exchange.path === '/instance-types' ? dataOf(exchange) : undefined;
  return isFields(data) ? Object.values(data).flatMap((item) => (isFields(item) ? [item['instance_type']] : [])) : [];
}

function listed(data: unknown): readonly Fields[] {
  return Array.isArray(data) ? (data as readonly unknown[]).filter(isFields) : [];
}

/** The launch's own field against what the first list shows of it. */
function asSent(
  { exchanges, life }: Evidence,
  field: string,
  same: (sent: unknown, shown: unknown) => boolean,
): Verdict {
  const launch = exchanges.find((e) => launchedId(e) !== undefined);
  const shown = exchanges.flatMap(instancesIn).find(({ id }) => id === life.instanceId);
  if (!isFields(launch?.request) || shown === undefined) return notSeen();
  return same(launch.request[field], shown[field]) ? asAssumed() : other(`${field} is not shown as it was sent`);
}

function tagsOf(value: unknown): readonly string[] {
  return listed(value).map(({ key, value: text }) => JSON.stringify([key, text]));
}
