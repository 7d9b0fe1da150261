import { log } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { MISSING, newsSignal, type InstanceNews } from '../contract/account-broker.ts';
import { keepNodeId, provisionNodeId } from '../contract/workflow-ids.ts';
import { stateOf } from '../domain/instances.ts';
import { hasInstance } from '../domain/phases.ts';
import { inParallel } from './in-parallel.ts';
import type { RunningOwner } from './running-owners.ts';

/** An instance that this namespace tagged, as the list shows it. */
export interface OwnInstance {
  readonly instanceId: string;
  readonly launchToken: string;
  readonly node: string;
  readonly status: string;
  readonly address?: string;
}

/** One reading of the list of all instances. Times in milliseconds since the epoch. */
export interface FleetReading {
  /** When the list was asked for. */
  readonly at: number;
  /** When the list before was asked for: what is missing now may have been there until then. */
  readonly previousAt: number | undefined;
  readonly instances: readonly OwnInstance[];
  /** Who runs; undefined: not asked this time. */
  readonly owners: readonly RunningOwner[] | undefined;
  /** Tokens whose owners want to be told again. */
  readonly again: readonly string[];
}

/** What an owner was told last of an instance. */
interface Told {
  readonly instance: OwnInstance;
  readonly at: number;
}

/** So many signals go out at a time, and for one reading; what is left over, the next reading tells. */
const SIGNALS_AT_A_TIME = 8;
const MOST_SIGNALS = 400;

/** One that has been missing for so long is of no interest any more. */
const FORGOTTEN_AFTER_MS = 60 * 60_000;

/**
 * Tells owners what changed about their instances, by signal. What was told is remembered in this process only to save signals: one that is
 * told twice changes nothing, and one that was not told is told by the next reading (P4).
 */
export class FleetNews {
  readonly #temporal: Client;
  readonly #told = new Map<string, Told>();
  #hasTold = false;

  constructor(temporal: Client) {
    this.#temporal = temporal;
  }

  /** Nothing was told by this process yet: it should know who runs before it tells everybody everything. */
  get isNew(): boolean {
    return !this.#hasTold;
  }

  async tell(reading: FleetReading): Promise<void> {
    const due = this.#due(reading);
    this.#hasTold ||= reading.owners !== undefined;
    const now = due.slice(0, MOST_SIGNALS);
    await inParallel(now, SIGNALS_AT_A_TIME, async ({ instance, news }) => {
      if (await this.#signal(instance, news)) this.#told.set(instance.instanceId, { instance, at: reading.at });
    });
  }

  #due({ at, previousAt, instances, owners, again }: FleetReading): { instance: OwnInstance; news: InstanceNews }[] {
    const listed = new Set(instances.map(({ instanceId }) => instanceId));
    const owner = new Map(owners?.map((each) => [each.instanceId, each]));
    const changed = instances.filter((instance) => {
      const matters = again.includes(instance.launchToken) || this.#matters(instance, owner, owners !== undefined);
      if (!matters) this.#told.set(instance.instanceId, { instance, at });
      return matters;
    });

    const missing = [...this.#told.values()].flatMap(({ instance, at: since }) => {
      if (listed.has(instance.instanceId)) return [];
      const isOver = stateOf(instance.status) === 'ended' || at > since + FORGOTTEN_AFTER_MS;
      if (isOver) this.#told.delete(instance.instanceId);
      if (isOver || (instance.status === MISSING && !again.includes(instance.launchToken))) return [];
      return [{ ...instance, status: MISSING }];
    });
    // Those that are still owned are told each time the owners are asked for: whoever heard nothing so far hears it then (P4).
    const unheard = (owners ?? []).flatMap(({ instanceId = '', node = '', phase }) => {
      const isKnown = missing.some((each) => each.instanceId === instanceId);
      if (instanceId === '' || listed.has(instanceId) || isKnown || !hasInstance(phase)) return [];
      return [
        { instanceId, node, launchToken: this.#told.get(instanceId)?.instance.launchToken ?? '', status: MISSING },
      ];
    });
    const lastListedBy = previousAt === undefined ? {} : { lastListedBy: previousAt };
    return [
      ...changed.map((instance) => ({ instance, news: newsOf(instance, { at }) })),
      ...[...missing, ...unheard].map((instance) => ({ instance, news: newsOf(instance, { at, ...lastListedBy }) })),
    ];
  }

  /** Whether its owner has to hear of it. */
  #matters(instance: OwnInstance, owners: ReadonlyMap<string | undefined, RunningOwner>, isAsked: boolean): boolean {
    const { instanceId, status, address } = instance;
    const owner = owners.get(instanceId);
    const state = stateOf(status);
    // Its owner asked for it, or somebody else did, and hears when it has ended; one that stays in this state for long is told.
    if (state === 'ending') return isAsked && owner?.phase === 'ready' && !owner.needsAttention;
    const told = this.#told.get(instanceId)?.instance;
    if (told !== undefined && told.status === status && told.address === address) {
      return state === 'active' && owner?.isKeeper === true && owner.needsAttention;
    }
    if (state === 'coming') return address !== undefined;
    // All is well with a kept node: most of the fleet is of this kind when a process begins.
    if (state === 'active' && told === undefined) return owner?.isKeeper !== true || owner.needsAttention;
    return true;
  }

  /** True when it was told, or nobody is there to be told. */
  async #signal({ node, status }: OwnInstance, news: InstanceNews): Promise<boolean> {
    const state = status === MISSING ? 'ended' : stateOf(status);
    try {
      const isHeard = await this.#send(provisionNodeId(node), news);
      // While it boots only its provision can be its owner.
      if (!isHeard || state !== 'coming') await this.#send(keepNodeId(node), news);
      return true;
    } catch (error) {
      log.warn('fleet: an owner could not be told of its instance', { node, status, error });
      return false;
    }
  }

  async #send(workflowId: string, news: InstanceNews): Promise<boolean> {
    try {
      await this.#temporal.workflow.getHandle(workflowId).signal(newsSignal, news);
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }
}

function newsOf(
  { instanceId, launchToken, status, address }: OwnInstance,
  times: Pick<InstanceNews, 'at' | 'lastListedBy'>,
): InstanceNews {
  return { launchToken, instanceId, status, ...(address === undefined ? {} : { address }), ...times };
}
