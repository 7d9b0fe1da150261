import type { LookWish } from '../contract/account-broker.ts';
import type { Finding } from '../domain/findings.ts';
import type { AccountKey } from '../contract/kept-node.ts';
import type { Judgement, Ledger, OwnerTrouble } from '../contract/sweep.ts';
import type { EndWish, KeptNode } from '../contract/messages.ts';
import type { InstanceList, InstanceTypeList } from '../contract/list.ts';
import type { ProvisionNodeRequest } from '../contract/provision-node.ts';
import type { GpuView } from '../domain/gpus.ts';
import type { InstanceView } from '../domain/instances.ts';
import type { Tag, TaggedInstance } from '../domain/names.ts';
import type { LedgerEntry, VerdictKind } from '../domain/orphan-verdict.ts';
import type { Caps, Ticket } from '../domain/grants.ts';
import type { CapacitySnapshot, Offering, OrderedGpus } from '../domain/offerings.ts';

// What workflows see of the activities: types only. Each activity has one outside effect; those of LambdaActivities and
// LaunchActivities send one Lambda request each (P6). Failures are ApplicationFailures whose type is a FailureType.

/** How Lambda answers about one instance. */
export type Look = { readonly kind: 'found'; readonly instance: InstanceView } | { readonly kind: 'absent' };

/** How Lambda answered a terminate request. Nothing here is proof that the instance ended (P12). */
export type TerminateAnswer =
  /** Accepted, and our id echoed. */
  | { readonly kind: 'accepted'; readonly status: string }
  /** 404. */
  | { readonly kind: 'absent' }
  /** Refused or not echoed: look again before the next try. */
  | { readonly kind: 'unclear'; readonly reason: string };

/** On the rate-limited queue of the account. */
export interface LambdaActivities {
  /** The SSH key to launch with: the one named, or the worker's. `invalid_request` when the account has none of that name. */
  readSshKey(input: { readonly name?: string }): Promise<AccountKey>;
  /** Whether the worker's API key still sees the account in which this SSH key was registered (P12). */
  isAccountOf(input: { readonly key: Pick<AccountKey, 'id'> }): Promise<boolean>;
  /** A key of the account that the worker's API key sees now: by its id the account is known again. Undefined: it has none. */
  readAccount(): Promise<AccountKey | undefined>;
  /** An instance with all its tags; undefined: 404. */
  readTaggedInstance(input: { readonly instanceId: string }): Promise<InstanceWithTags | undefined>;
  /** Replaces the instance's tags. `applied` is false where the API took the request and left the tags as they were. */
  setTags(input: {
    readonly instanceId: string;
    readonly tags: readonly Tag[];
  }): Promise<{ readonly applied: boolean }>;
  /** Makes its tags say that this namespace's run launched it; other tags stay. */
  tagAsOurs(input: {
    readonly instanceId: string;
    readonly runId: string;
    readonly tags: readonly Tag[];
  }): Promise<{ readonly applied: boolean }>;
  /** `invalid_request` when one of the regions does not exist. */
  checkRegions(input: { readonly regions: readonly string[] }): Promise<void>;
  /** Every instance that carries the token, from a complete list. */
  findInstances(input: { readonly launchToken: string }): Promise<readonly InstanceView[]>;
  readInstance(input: { readonly instanceId: string }): Promise<Look>;
  /** What became of an instance after terminate was accepted; retried while it is terminating. */
  awaitEnded(input: { readonly instanceId: string }): Promise<Look>;
  terminateInstance(input: { readonly instanceId: string }): Promise<TerminateAnswer>;
  listInstances(): Promise<InstanceList>;
  listInstanceTypes(): Promise<InstanceTypeList>;
}

/** How soon somebody wants to know more of the fleet: a boot may end any moment, one takes its time, something is terminating, or nothing is expected. */
export type FleetPace = 'near' | 'boot' | 'end' | 'quiet';

/** What the broker learns of its worker's configuration. Intervals in milliseconds. */
export interface BrokerSettings {
  readonly caps: Caps;
  readonly requestIntervalMs: number;
  readonly launchIntervalMs: number;
  /** Between two looks for capacity. */
  readonly capacityMs: number;
  /** Between two looks at the fleet. */
  readonly everyMs: Readonly<Record<FleetPace, number>>;
}

/** What the list of all instances says to the broker. Its owners were told by signal. Times in milliseconds since the epoch. */
export interface FleetView {
  /** When the list was asked for. */
  readonly at: number;
  /** What lives in the account, whoever it belongs to. */
  readonly instances: number;
  readonly centsPerHour: number;
  /** Of the names asked for, those that a live instance carries. */
  readonly taken: readonly { readonly name: string; readonly instanceId: string }[];
  /** Of the instances expected, those the list has. */
  readonly listed: readonly string[];
  readonly pace: FleetPace;
  /** How many owners run, where that was asked. */
  readonly owners?: number;
  /** When the last launch was made that the list shows. */
  readonly lastLaunchAt?: number;
  readonly settings: BrokerSettings;
}

/** The broker's looks at Lambda, for everybody. */
export interface AccountActivities {
  /** The list of types, of which only those wanted are returned; nothing when they are as they were at the digest. */
  readCapacity(input: {
    readonly wanted: readonly string[];
    readonly digest?: string;
  }): Promise<
    | { readonly kind: 'unchanged'; readonly readAt: number }
    | { readonly kind: 'changed'; readonly snapshot: CapacitySnapshot; readonly digest: string }
  >;
  /** Lists all instances and signals the owners of those that changed. */
  readFleet(input: {
    /** Of those who wait and of whom it is not known yet that their name is free. */
    readonly names: readonly string[];
    /** Ids of accepted launches that no list has shown yet. */
    readonly expected: readonly string[];
    /** Tokens whose owners are told again. */
    readonly again: readonly string[];
    /** Asks Temporal who runs, and tells owners whose instance is missing. */
    readonly withOwners: boolean;
    /** When the list before was asked for. */
    readonly previousAt?: number;
  }): Promise<FleetView>;
}

/** Where one who waits stands, as the broker says. */
export interface PlaceInLine {
  /** From 1. */
  readonly place: number;
  /** How many wait. */
  readonly total: number;
  /** Why it waits, in one sentence. */
  readonly reason: string;
  /** The id of a living instance that has its name. */
  readonly takenBy?: string;
}

/** A ticket was sent. */
export interface InLine extends Partial<PlaceInLine> {
  /** How many tickets the worker sent in the minute until then. */
  readonly sentLately?: number;
}

/** Between owners and their broker, through Temporal alone. */
export interface BrokerActivities {
  /**
   * Sends the ticket, and starts the broker where none runs. Where asked: its place in the line, as far as the broker says; `isCalled`: the broker
   * has something to say.
   */
  joinLine(input: {
    readonly ticket: Ticket;
    readonly withPlace: boolean;
    readonly isCalled?: boolean;
  }): Promise<InLine>;
  /** Asks the broker to look at the fleet, and to tell the owner of this launch again. Starts it where none runs. */
  askToLook(input: LookWish): Promise<void>;
  /** Starts the broker if any owner runs. */
  wakeBroker(): Promise<void>;
  /** Tells those who wait for capacity that a broker is there that does not know them. */
  callWaiters(input: { readonly except: readonly string[] }): Promise<{ readonly called: number }>;
}

export interface InstanceWithTags extends TaggedInstance {
  readonly address?: string;
  readonly instanceType: string;
  readonly region: string;
  readonly priceCentsPerHour: number;
  readonly tags: readonly Tag[];
}

/** What a sweep sees. */
export interface Survey {
  /** Before the list was asked for, in milliseconds since the epoch by Temporal's clock. */
  readonly at: number;
  readonly counts: Readonly<Record<VerdictKind, number>>;
  /** Instances that this namespace tagged and that have not ended. */
  readonly alive: number;
  /** Asked for by an earlier sweep, and shown as ended by Lambda's own word. */
  readonly proven: readonly string[];
  /** At most so many as one sweep can end; `counts` has them all. */
  readonly orphans: readonly TaggedInstance[];
  readonly reported: readonly Judgement[];
  readonly owners: readonly OwnerTrouble[];
  /** Workflow ids of owners that never got a workflow task. */
  readonly asleep: readonly string[];
  readonly ledger: Ledger;
}

/** The figures of a sweep stand in its history: workers of two versions judge one sweep alike. All in milliseconds. */
export interface SweepLimits {
  /** Between the two sightings that make an orphan. */
  readonly sightingsGapMs: number;
  /** How long an owner may be over its own deadline before it is reported. */
  readonly overdueAfterMs: number;
  /** How long an instance that is in no list is remembered. */
  readonly ledgerKeepsMs: number;
}

export interface SweepActivities {
  /** Lists every instance, then asks Temporal who owns what of ours, and judges. `all`: report on owned ones, too. */
  surveyInstances(input: {
    readonly ledger: Ledger;
    readonly all: boolean;
    readonly limits: SweepLimits;
  }): Promise<Survey>;
  /** One terminate request for an orphan, unless somebody turns out to own it. */
  endOrphan(input: {
    readonly instance: TaggedInstance;
    readonly before: LedgerEntry;
    readonly sightingsGapMs: number;
  }): Promise<TerminateAnswer | { readonly kind: 'spared'; readonly reason: string }>;
  /** What carries the name's tags of this namespace, lives, and is listed by no running owner: to be ended at once, for a caller asked for it. */
  findUnowned(input: { readonly name: string }): Promise<{
    readonly orphans: readonly TaggedInstance[];
    /** Of the name, alive, and not to be judged: left alone. */
    readonly unknown: readonly string[];
  }>;
}

/** Who owns what, by Temporal's word alone: on the main queue, for Lambda's budget has nothing to do with it. */
export interface OwnershipActivities {
  /** Who answers for the instance, and who else of its node's name runs. */
  ownersOf(input: { readonly instance: TaggedInstance }): Promise<{
    /** Lists its token, or cannot be read. */
    readonly owner?: string;
    /** The owner is a keeper, and lists its token. */
    readonly isKept: boolean;
    /** Its tags name this very namespace. */
    readonly isTaggedHere: boolean;
    readonly running: readonly string[];
  }>;
  /** The ledger of the Schedule's last completed sweep; an empty one if there is none. */
  readLastSweep(): Promise<Ledger>;
}

export interface LaunchInput {
  readonly launchToken: string;
  readonly node: string;
  readonly runId: string;
  readonly offering: Offering;
  readonly sshKeyName: string;
  readonly request: Pick<ProvisionNodeRequest, 'image' | 'fileSystemNames' | 'pool' | 'labels' | 'userData'>;
  /** As recorded before the launch: it is refused when the worker derives another one (P10). */
  readonly hostKeyFingerprint: string;
  /** The launch is not sent before this time, in milliseconds since the epoch: its turn in the account's lane. Seconds away at most. */
  readonly notBefore?: number;
  /** Of the grant: what comes of the launch is told the broker by it. */
  readonly ticketId?: string;
}

/** One launch request per 13 seconds and account, by the broker's grants. */
export interface LaunchActivities {
  /**
   * Sends one launch request, once (P2). Fails with a type that proves nothing was created (`refused` in its details), or with
   * `launch_outcome_unknown`.
   */
  launchInstance(input: LaunchInput): Promise<{ readonly instanceId: string }>;
}

/** Details of a failed launch. */
export interface LaunchFailureDetails {
  readonly refused: boolean;
  /** Lambda's code, such as `global/quota-exceeded`. */
  readonly code?: string;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
}

/** A machine to reach over SSH. */
export interface HostInput {
  readonly address: string;
  readonly launchToken: string;
  /** The host key it has to show. Undefined, and only where `isTrusted`: whoever answers is believed. */
  readonly hostKeyFingerprint?: string;
  /** `hostKey: 'trust-first'`: its key was not chosen by us, and may be of any type. */
  readonly isTrusted?: boolean;
}

/** A machine that answered. */
export interface HostView {
  /** Another one is another boot. */
  readonly bootId: string;
  /** As `uname -m` says it. */
  readonly architecture: string;
  /** Of the host key it showed once cloud-init was done. */
  readonly hostKeyFingerprint: string;
}

export interface ProvenGpus {
  readonly gpus: readonly GpuView[];
  /** The boot for which it is proven. */
  readonly bootId: string;
}

export type BootstrapCommands = NonNullable<ProvisionNodeRequest['bootstrap']>['commands'];

export interface BootstrapInput {
  readonly host: HostInput;
  /** Undefined: the built-in installation of navarch-node. */
  readonly commands?: BootstrapCommands;
  /** Names of secrets that the worker holds. */
  readonly secrets?: readonly string[];
  /** Of one step that sets no time of its own, in milliseconds. */
  readonly stepMs: number;
  readonly pool?: string;
  readonly nodeId: string;
  readonly region: string;
  readonly instanceType: string;
}

export interface HostActivities {
  /** The SSH host key the machine of this launch will have: derived, so any worker can do it again (P10). */
  describeHostKey(input: { readonly launchToken: string }): Promise<{ readonly fingerprint: string }>;
  /** Waits until the machine answers with the key we chose and cloud-init is done. */
  awaitHost(input: HostInput): Promise<HostView>;
  /** Opens a CUDA context on every GPU. `gpu_unhealthy` when one does not work or is not what was ordered, `gpu_unproven` when nothing can tell. */
  proveGpus(input: {
    readonly host: HostInput;
    readonly instanceType: string;
    readonly ordered?: OrderedGpus;
  }): Promise<ProvenGpus>;
  /** `invalid_request` when the worker does not hold one of these. */
  checkBootstrapSecrets(input: { readonly names: readonly string[] }): Promise<void>;
  /** Runs the bootstrap script once, detached, and watches it to its end. `bootstrap_failed` with its last lines otherwise. */
  runBootstrap(input: BootstrapInput): Promise<{ readonly seconds: number; readonly bootId: string }>;
  /** Stops the agent so that it does not come back. */
  stopAgent(input: HostInput): Promise<void>;
}

export interface RegistrationInput {
  readonly nodeId: string;
  readonly region: string;
  readonly instanceType: string;
  readonly pool?: string;
  /** To restart the agent when Navarch has forgotten the node. */
  readonly host: HostInput;
  /** As seen over SSH; undefined: nobody has looked (`gpuCheck: 'off'`). */
  readonly gpus?: readonly GpuView[];
  readonly allowFakeGpus: boolean;
  readonly mode: 'agent' | 'direct';
  /** Only a heartbeat later than this counts, by Navarch's clock. Undefined: one later than at the first look. */
  readonly heardAfterMs?: number;
}

/** A node as Navarch shows it once it is registered and heard. */
export interface RegisteredView {
  readonly gpus: readonly GpuView[];
  readonly fakeGpus: boolean;
  /** The last heartbeat, by Navarch's clock. Undefined where there is no agent. */
  readonly heardMs?: number;
  /** The boot that the machine was in after that; undefined where GPUs were not proven for one, or where it did not answer at once. */
  readonly bootId?: string;
}

export interface NavarchActivities {
  /** `unauthorized` when Navarch does not take the worker's token. One that is away is no failure: it is waited for later. */
  checkNavarch(): Promise<void>;
  /** Waits until Navarch shows the node ACTIVE, as ours, with the GPUs we saw, and has heard it (P7). */
  awaitRegistration(input: RegistrationInput): Promise<RegisteredView>;
  /** The same in one look that changes nothing; undefined: not so, or no answer. */
  lookAtRegistration(input: RegistrationInput): Promise<RegisteredView | undefined>;
  /** Marks the node in Navarch. A node that Navarch does not know is no failure: there is nothing to mark. */
  markNode(input: { readonly nodeId: string; readonly command: 'cordon' | 'drain' }): Promise<void>;
}

/** A run of one of our workflows. */
export interface RunReference {
  readonly workflowId: string;
  readonly runId: string;
  /** Of the chain that this run may have continued, and may continue. */
  readonly firstRunId: string;
}

/** A keeper, as Temporal itself knows it: no worker is asked. */
export interface KeeperReference extends RunReference {
  /** From its memo; undefined when that cannot be read. */
  readonly tokens?: readonly string[];
  readonly instanceId?: string;
  /** First run of the workflow that handed the node to it. */
  readonly launchedBy?: string;
}

export type KeeperLook =
  { readonly kind: 'none' } | { readonly kind: 'running'; readonly run: RunReference; readonly kept: KeptNode };

export interface OwnersLook {
  readonly provision?: RunReference;
  readonly keeper?: KeeperReference;
}

export interface TemporalActivities {
  /** The keeper of a node and what it keeps. */
  lookUpKeeper(input: { readonly name: string }): Promise<KeeperLook>;
  /** Which owners of a node run: the provision first, then the keeper, so that a hand-over between the two is not missed. */
  lookUpOwners(input: { readonly name: string; readonly tokensNeeded?: boolean }): Promise<OwnersLook>;
  /** How the latest provision and keeper of the name stand or ended, in Temporal's words; undefined: Temporal knows none. */
  lookUpLastEnds(input: {
    readonly name: string;
  }): Promise<{ readonly provision: string | undefined; readonly keeper: string | undefined }>;
  /** Asks the run, or what it continued as, to cancel; a later run of the same id is left alone. */
  cancelRun(input: { readonly run: RunReference }): Promise<void>;
  /** Tells a keeper's run, or what it continued as, to end its node; a later keeper of the name is left alone. */
  askToEnd(input: { readonly run: RunReference; readonly wish: EndWish }): Promise<void>;
  /** How the run (or what it continued as) closed, in Temporal's words: `COMPLETED`, `FAILED`, `CANCELLED`, …; retried while it runs. */
  awaitClosed(input: { readonly run: RunReference }): Promise<{ readonly status: string }>;
}

/** What the worker itself can be asked about: each look says what it found, and fails only where it cannot say. */
export interface ExaminationActivities {
  /** Its clock, against Temporal's. */
  examineClock(): Promise<Finding>;
  /** Navarch's address and the worker's token. */
  examineNavarch(): Promise<Finding>;
  /** The agent's executables, as far as the worker can reach them. */
  examineAgentDownload(): Promise<Finding>;
}

/** On the rate-limited queue of the account. */
export interface LambdaExaminationActivities {
  /** The API key, the SSH key, and the clock, by one request. */
  examineLambda(): Promise<readonly Finding[]>;
}

export type Activities = LambdaActivities &
  ExaminationActivities &
  LambdaExaminationActivities &
  AccountActivities &
  BrokerActivities &
  SweepActivities &
  OwnershipActivities &
  LaunchActivities &
  HostActivities &
  NavarchActivities &
  TemporalActivities;
