import { accountOf } from '../contract/task-queues.ts';
import type { KeepNodeInput } from '../contract/kept-node.ts';
import type { ProvisionNodeRequest } from '../contract/provision-node.ts';
import { accountBrokerId, keepNodeId } from '../contract/workflow-ids.ts';
import type { Wishes } from '../domain/offerings.ts';
import { utc, type About } from './board-text.ts';

// What the boards of a provision and of a keeper say besides where they are. A workflow that a raw client started, or one that has continued
// as new, has no summary in the Temporal UI: what it is about stands here.

/** @param taskQueue the provision's own */
export function aboutProvision(
  { name, pool, capacity }: ProvisionNodeRequest,
  { instanceTypes, regions, maxPriceCentsPerHour }: Wishes,
  maxLaunches: number,
  taskQueue: string,
): About {
  const price = maxPriceCentsPerHour === undefined ? [] : [`for at most $${maxPriceCentsPerHour / 100} an hour`];
  const wish = [
    `${instanceTypes.join(' or ')} in ${regions?.join(' or ') ?? 'any region'}`,
    ...price,
    ...inPool(pool),
    ...(capacity?.priority === undefined ? [] : [`priority ${capacity.priority}`]),
    `at most ${maxLaunches} ${maxLaunches === 1 ? 'launch' : 'launches'}`,
  ];
  const broker = `\`${accountBrokerId(accountOf(taskQueue))}\``;
  return {
    facts: [`wanted: ${wish.join(', ')}`],
    inLine: `it launches by itself as soon as there is room and its turn has come, which ${broker} decides; the query \`waitingLine\` there shows the whole line`,
    ifAttention: 'it goes on trying all the same',
    ifCancelled: `**Request Cancellation** undoes it: what was launched is ended, and proven gone; a node that is ready is kept by \`${keepNodeId(name)}\``,
  };
}

/** @param endsAt milliseconds since the epoch; undefined: it lives until it is asked to end */
export function aboutKeeper({ node }: KeepNodeInput, endsAt: number | undefined): About {
  const [first] = node.gpus;
  const gpus = first === undefined ? [] : [`${node.gpus.length} × ${first.model}`];
  const kept =
    endsAt === undefined ? 'kept until it is asked to end' : `kept until ${utc(endsAt)}, when its lifetime is over`;
  return {
    facts: [kept, [`\`${node.instanceType}\` in \`${node.region}\``, ...gpus, ...inPool(node.pool)].join(', ')],
    ifAttention: 'it is kept all the same: it ends when it is asked to, or when its lifetime is over',
    ifCancelled: '**Request Cancellation** ends the node: cordon, drain, terminate, and proof that it is gone',
  };
}

function inPool(pool: string | undefined): readonly string[] {
  return pool === undefined ? [] : [`pool \`${pool}\``];
}
