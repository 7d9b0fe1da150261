import { DAY, HOUR, MINUTE, SECOND } from './durations.ts';

// Every wait ends. Each default says why it is what it is; a request may override those in RequestDeadlines.

/** How long a provision waits for capacity when `capacity.waitUpTo` does not say. 8-GPU machines have been unavailable for days at a time. */
export const CAPACITY_WAIT_MS = 30 * DAY;

/** Waits of one launch that a request may override; all in milliseconds. */
export interface RequestDeadlines {
  /** From launch to an address. Addresses were seen 22-31 s after launch; one that is late this long will not come. */
  readonly addressMs: number;
  /** From the address to a verified SSH session with cloud-init done. sshd has been seen a minute after `active`, and cloud-init may install packages. */
  readonly sshMs: number;
  /** The proof of the GPUs. CUDA gets four looks over three minutes to come up; a look at GPUs that hang takes two minutes more. */
  readonly gpuMs: number;
  /** One step of the bootstrap, unless it says otherwise. Less than the whole, so that the failure names the step that hangs. */
  readonly bootstrapStepMs: number;
  /** The whole bootstrap script. Downloads of the agent take seconds; users' own commands may install drivers or pull images. */
  readonly bootstrapMs: number;
  /** From launch to `active`. Lambda's slow boots reach 15 minutes (857 s seen on a single GPU); 8-GPU machines take 10 to 15. */
  readonly activeMs: number;
  /** From the agent's start to ACTIVE with a heartbeat. The first heartbeat comes one interval (30 s) after the start. */
  readonly registrationMs: number;
}

export const DEFAULT_DEADLINES: RequestDeadlines = {
  addressMs: 10 * MINUTE,
  sshMs: 15 * MINUTE,
  gpuMs: 12 * MINUTE,
  bootstrapStepMs: 15 * MINUTE,
  bootstrapMs: 20 * MINUTE,
  activeMs: 25 * MINUTE,
  registrationMs: 5 * MINUTE,
};

/** From the decision to launch until the machine is ready or given up, with each wait used to the full; registration is asked for twice where active comes last. */
export function longestLaunchMs(deadlines: RequestDeadlines): number {
  const { addressMs, sshMs, gpuMs, bootstrapMs, activeMs, registrationMs } = deadlines;
  const sent = LAUNCH_SCHEDULE_TO_START_MS + LAUNCH_START_TO_CLOSE_MS + SETTLE_WINDOW_MS;
  return sent + Math.max(addressMs + sshMs + 2 * gpuMs + bootstrapMs, activeMs) + 2 * registrationMs;
}

/** Launches one provision may use before it gives up. On a bad day 7 of 8 H100s were broken; more than a few tries is money without hope. */
export const DEFAULT_MAX_LAUNCHES = 3;

/** How long a launch whose outcome is unknown is looked for. Longer than a request can be under way (two minutes) plus the time a new instance may be missing from the list (clients in the field allow up to ten minutes in all). P2, P12. */
export const SETTLE_WINDOW_MS = 10 * MINUTE;

/** Between looks for a launch of unknown outcome. */
export const SETTLE_LOOK_MS = 20 * SECOND;

/** Between the last sighting and the first absence, and between the two absences, that together prove an instance gone. Lists have been stale for tens of seconds. P12. */
export const ABSENCE_GAP_MS = 3 * MINUTE;

/** The launch request's own time: Lambda answers in 5 s as a rule, but clients in the field allow two minutes. */
export const LAUNCH_START_TO_CLOSE_MS = 120 * SECOND;

/** A launch not taken up by a worker for so long is not sent at all: the capacity it was meant for is stale. */
export const LAUNCH_SCHEDULE_TO_START_MS = 5 * MINUTE;

/** One read or terminate request, with the time it may wait for its place in the account's budget. */
export const REQUEST_START_TO_CLOSE_MS = 2 * MINUTE;

/** An unwind that is not proven after so long is shown to people. Termination takes about two minutes (110 s seen). P3. */
export const ATTENTION_AFTER_MS = 15 * MINUTE;

/** How long leaving Navarch (cordon, drain, stopping the agent) may hold up the end of a node. It is a courtesy; the money is in the terminate. */
export const LEAVE_NAVARCH_MS = 2 * MINUTE;

/** A keeper continues as new so often, to keep its history small. */
export const KEEPER_GENERATION_MS = 1 * DAY;

/** How often the fleet is looked at when nothing is expected of it. A node that ended elsewhere is noticed by then, and proven gone two absences of three minutes later: within ten minutes. */
export const KEPT_LOOK_MS = 4 * MINUTE;

/** How long a new provision of a name waits for an ending keeper of that name. Proof by absence takes up to 20 minutes. */
export const WAIT_FOR_ENDING_KEEPER_MS = 2 * HOUR;

/** How long a keeper may take to say what it keeps. It answers in milliseconds; a rolling upgrade takes its workers away for minutes. */
export const KEEPER_ANSWER_MS = 15 * MINUTE;

/** A held-back offering: a first refusal holds until a newer list shows it still, for 3 of 11 launches were refused although listed; after the n-th in a row, it is not tried again for so long, however full the (stale) list looks. */
export function refusedOfferingRestMs(refusals: number): number {
  return refusals <= 1 ? 0 : Math.min(20 * SECOND * 2 ** (refusals - 2), 2 * MINUTE);
}

/** Who names a region waits so long for the list before an offering is tried that is not listed: lists have been half a minute old. */
export const UNLISTED_PATIENCE_MS = 1 * MINUTE;

/** An offering that is not listed, after its n-th refusal: not tried again for so long. A launch slot is thirteen seconds in which others wait. */
export function unlistedOfferingRestMs(refusals: number): number {
  return Math.min(5 * MINUTE * 2 ** (refusals - 1), 1 * HOUR);
}

/** A waiting provision sends its ticket again so often: the net under a broker that was lost with all its tickets. Each time costs it eleven events. */
export const TICKET_RESEND_MS = 1 * HOUR;

/** Whoever waits for longer than this sends its ticket a first time again, and learns its place in the line by it. */
export const TICKET_FIRST_RESEND_MS = 1 * MINUTE;

/** Where more than so many come in a minute, each sends its ticket again so much later. */
export const TICKETS_A_MINUTE = 50;

/** A ticket that was not sent again for so long has no owner any more. */
export const TICKET_KEPT_MS = 3 * TICKET_RESEND_MS;

/** A grant that its waiter does not take within this time goes to the next: a workflow with a worker answers in a fraction of a second. */
export const GRANT_VALID_MS = 1 * MINUTE;

/** A grant of which nothing was heard: its launch is over by then, one way or the other. */
export const GRANT_FORGOTTEN_MS = GRANT_VALID_MS + LAUNCH_SCHEDULE_TO_START_MS + LAUNCH_START_TO_CLOSE_MS;

/** How long an accepted launch counts against the account's caps before a list has shown it. Lists have been half a minute old, and clients allow up to ten minutes. */
export const LAUNCH_UNLISTED_MS = 10 * MINUTE;

/** No grant is given on an older list of capacity: windows of 84 s have been seen. */
export const CAPACITY_STALE_MS = 1 * MINUTE;

/** What is known of the account's SSH keys and regions is asked again after so long. */
export const ACCOUNT_FACTS_MS = 10 * MINUTE;

/** An owner that waits for its instance and hears nothing asks the broker to look so often. It costs no request of its own: it is the net under a lost broker. */
export const NEWS_NET_MS = 5 * MINUTE;

/** An owner that ends its instance and hears nothing looks by itself after so long. Termination takes about two minutes. P3: an unwind depends on no broker. */
export const END_NEWS_MS = 3 * MINUTE;

/** Between two sweeps for orphans, by Schedule. An orphan costs money until the second one that sees it: twenty minutes, against lists and owners that are wrong for seconds. P5. */
export const SWEEP_INTERVAL_MS = 10 * MINUTE;

/** Between the two sightings of an instance without an owner that make it an orphan. One interval, less the seconds by which the first of two sweeps may have got its task late. P5. */
export const SWEEP_SIGHTINGS_GAP_MS = SWEEP_INTERVAL_MS - 10 * SECOND;

/** One look of a sweep: the list in its place of the request budget, then two or three questions to Temporal for each of our instances. */
export const SURVEY_MS = 8 * MINUTE;

/** A sweep begins nothing new after so long, and hands on what it has noted. */
export const SWEEP_WORKS_MS = 25 * MINUTE;

/** A sweep is over by then, or the next ones would be skipped for it. */
export const SWEEP_TIMEOUT_MS = 1 * HOUR;

/** One request of a person at the command line, with its place in the account's budget. */
export const HAND_MS = 5 * MINUTE;

/** One look of a diagnosis: who has not answered a single request by then does not answer as others need it. */
export const EXAMINE_MS = 20 * SECOND;

/** The same, with the time it waits for a worker and for its place in the account's budget; a person waits for it. */
export const EXAMINE_IN_ALL_MS = 1 * MINUTE;

/** How long the ledger remembers an instance that is in no list any more. Lists have been stale for minutes, never for a day. */
export const LEDGER_KEEPS_MS = 1 * DAY;

/** How long an owner may be over its own deadline before the sweeper reports it: unwinding, and proof by absence, take their time. */
export const OVERDUE_AFTER_MS = 1 * HOUR;

/** A workflow task that has failed so often in a row fails for a reason that a person has to look at. */
export const TASK_ATTEMPTS_TO_REPORT = 5;

/** How often, and how far apart, GPUs are looked at before a machine is condemned for them: 802 was seen to go away, and to stay (7 of 8 machines, probed for up to six minutes). */
export const GPU_LOOKS = 4;
export const GPU_LOOK_GAP_MS = 1 * MINUTE;

/** How long the GPUs of a condemned machine are remembered: long enough for launches that land on the same host again, short enough for a repair. */
export const CONDEMNED_GPUS_MS = 1 * DAY;

/** An SSH key that was exchanged on the worker is still offered to machines for so long: longer than any boot. */
export const OLD_SSH_KEY_MS = 6 * HOUR;
