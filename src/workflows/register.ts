import { proxyLocalActivities } from '@temporalio/workflow';
import type { NavarchActivities, ProvenGpus, RegisteredView, RegistrationInput } from '../activities/types.ts';
import { MINUTE } from '../domain/durations.ts';
import type { Offering } from '../domain/offerings.ts';
import { host } from './activities.ts';
import { failure } from './failures.ts';
import { inPassing } from './in-passing.ts';
import { proveGpus } from './prove-gpus.ts';
import { step } from './step.ts';
import type { Story } from './story.ts';

/** A machine that reboots once has had an update, or was told to; one that does so again and again is broken. */
const MOST_REBOOTS = 3;

/** A heartbeat of so long ago still says that the agent is alive: one comes every half minute, and Navarch itself waits for four. */
const HEARD_FOR_MS = MINUTE;

/** One question to Navarch and one to the machine, each with its own limits, which are shorter together. */
const LOOK_ONCE_MS = MINUTE;

/** As what a machine is to be registered. */
export type Registration = Omit<RegistrationInput, 'gpus' | 'heardAfterMs'>;

/** A node that Navarch has registered and heard. */
export interface Registered {
  /** Its GPUs, proven for the boot that it was in last. */
  readonly proven: ProvenGpus | undefined;
  readonly view: RegisteredView;
  /** When it was so, in milliseconds since the epoch. */
  readonly at: number;
}

/** Until Navarch has registered and heard the machine, in the boot for which its GPUs are proven. */
export async function register(
  story: Story,
  offering: Offering,
  registration: Registration,
  provenBefore: ProvenGpus | undefined,
  heardAfterMs?: number,
): Promise<Registered> {
  const { board, deadlines } = story;
  let proven = provenBefore;
  let view = await awaitRegistration(story, registration, proven, heardAfterMs);
  // It may have rebooted since: what was proven, was proven of that boot, and its agent is another one now.
  for (let boots = 1; proven !== undefined && view.bootId !== proven.bootId; boots += 1) {
    const { bootId } = await step('ssh_unreachable', 'the machine was not reached again', deadlines.sshMs, (withinMs) =>
      host('look whether it has rebooted since', { withinMs }).awaitHost(registration.host),
    );
    if (bootId === proven.bootId) break;
    if (boots > MOST_REBOOTS) throw failure('instance_failed', 'the machine reboots again and again');
    proven = await proveGpus(story, offering, registration.host);
    board.enter(
      'registering',
      `once more, for the machine has rebooted: until Navarch has heard ${registration.nodeId}`,
    );
    view = await awaitRegistration(story, registration, proven, undefined);
  }
  return { proven, view, at: Date.now() };
}

/**
 * The same once more, later. What was heard a moment ago need not be said again; after a long time the agent may have ended. Nearly always
 * one look will do, which a local activity spares the history the events of a step.
 */
export async function registerStill(
  story: Story,
  offering: Offering,
  registration: Registration,
  { proven, view, at }: Registered,
): Promise<Registered> {
  const counts = Date.now() - at < HEARD_FOR_MS;
  const heardAfterMs = view.heardMs === undefined || !counts ? view.heardMs : view.heardMs - 1;
  const still = await lookOnce(inputFor(registration, proven, heardAfterMs));
  if (still !== undefined && (proven === undefined || still.bootId === proven.bootId)) {
    return { proven, view: still, at: Date.now() };
  }
  return register(story, offering, registration, proven, heardAfterMs);
}

/** Undefined: it is not so, or nobody could tell. */
async function lookOnce(input: RegistrationInput): Promise<RegisteredView | undefined> {
  const { lookAtRegistration } = proxyLocalActivities<Pick<NavarchActivities, 'lookAtRegistration'>>({
    summary: 'look once more whether it is registered and heard',
    startToCloseTimeout: LOOK_ONCE_MS,
    scheduleToCloseTimeout: LOOK_ONCE_MS,
    retry: { maximumAttempts: 1 }, // the step that waits does it again
  });
  return inPassing<RegisteredView | undefined>(
    () => lookAtRegistration(input),
    () => Promise.resolve(undefined),
  );
}

function inputFor(
  registration: Registration,
  proven: ProvenGpus | undefined,
  heardAfterMs: number | undefined,
): RegistrationInput {
  return {
    ...registration,
    ...(proven === undefined ? {} : { gpus: proven.gpus }),
    ...(heardAfterMs === undefined ? {} : { heardAfterMs }),
  };
}

async function awaitRegistration(
  { deadlines }: Story,
  registration: Registration,
  proven: ProvenGpus | undefined,
  heardAfterMs: number | undefined,
): Promise<RegisteredView> {
  return step('registration_failed', 'Navarch did not show the node alive', deadlines.registrationMs, (withinMs) =>
    host('until registered and heard', { withinMs }).awaitRegistration(inputFor(registration, proven, heardAfterMs)),
  );
}
