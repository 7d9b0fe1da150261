import { seededRandom, type Random } from '../../../src/simulator/random.ts';
import type { FaultRule } from '../../../src/simulator/index.ts';
import type { Act, Plan, Strike } from './plan.ts';

// Random plans: pure functions of a seed. What the cloud does stays within what the promises allow for: an instance is hidden for less than
// a proof of absence takes, a launch lands well within the settle window.

const MINUTE = 60_000;

/** The plan number `index` of a seed. */
export function planFrom(seed: number, index: number): Plan {
  const random = seededRandom(seed, 'plan', index);
  const draw = <T>(from: readonly T[]): T => pick(random, from);
  const faults = possible(many(random, 5, () => draw(FAULTS)(random)));
  const strikes = many(random, 5, () => drawStrike(random));
  return {
    seed: Math.floor(random.next() * 2 ** 32),
    faults,
    strikes,
    request: {
      maxLaunches: 1 + Math.floor(random.next() * 3),
      deadlines: { active: '6m', ssh: '5m', bootstrap: '5m', registration: '3m' },
      capacity: { waitUpTo: draw(['5m', '20m', '1h']) },
      ...(random.chance(0.15) ? { lifetime: draw(['1m', '5m']) } : {}),
    },
    stayMs: random.chance(0.5) ? 0 : Math.round(random.between(0, 8_000)),
  };
}

/** An instance that boots for ever and may not be ended while it boots can be ended by nobody: no promise covers that. */
function possible(faults: readonly FaultRule[]): readonly FaultRule[] {
  const kindOf = ({ do: fault }: FaultRule): string => ('kind' in fault ? fault.kind : '');
  if (!faults.some((fault) => kindOf(fault) === 'stuck-booting')) return faults;
  return faults.filter((fault) => kindOf(fault) !== 'terminate-refused-while-booting');
}

function pick<T>(random: Random, from: readonly T[]): T {
  const chosen = from[Math.floor(random.next() * from.length)];
  if (chosen === undefined) throw new Error('nothing to draw from');
  return chosen;
}

function many<T>(random: Random, most: number, one: () => T): readonly T[] {
  return Array.from({ length: Math.floor(random.next() * (most + 1)) }, one);
}

type Draw = (random: Random) => FaultRule;

const READS_AND_TERMINATE = ['list', 'get', 'terminate', 'instance-types', 'ssh-keys', 'any'] as const;

const FAULTS: readonly Draw[] = [
  // Requests.
  (random) => ({
    on: pick(random, READS_AND_TERMINATE),
    probability: random.between(0.05, 0.5),
    do: pick(random, [
      { kind: 'error', status: 500 },
      { kind: 'error', status: 502, body: 'html' },
      { kind: 'error', status: 504, body: 'text' },
      { kind: 'reset' },
      { kind: 'lost-answer', as: { answer: 'reset' } },
      { kind: 'lost-answer', as: { answer: 'error', status: 504, body: 'html' } },
      { kind: 'lost-answer', as: { answer: 'empty' } },
      { kind: 'lost-answer', as: { answer: 'not-json' } },
      { kind: 'delay', simulatedMs: Math.round(random.between(0, 20_000)) },
    ] as const),
  }),
  (random) => ({
    on: pick(random, READS_AND_TERMINATE),
    times: 1 + Math.floor(random.next() * 3),
    do: pick(random, [{ kind: 'no-answer' }, { kind: 'lost-answer', as: { answer: 'never' } }] as const),
  }),
  (random) => ({
    on: pick(random, [...READS_AND_TERMINATE, 'launch']),
    times: 1 + Math.floor(random.next() * 4),
    do: { kind: 'rate-limited', retryAfterSeconds: 1 },
  }),
  // Launches.
  (random) => ({
    on: 'launch',
    nth: 1 + Math.floor(random.next() * 2),
    do: pick(random, [
      { kind: 'lost-answer', as: { answer: 'reset' } },
      { kind: 'lost-answer', as: { answer: 'never' } },
      { kind: 'lost-answer', as: { answer: 'error', status: 500 } },
      { kind: 'lost-answer', as: { answer: 'error', status: 504, body: 'html' } },
      { kind: 'lost-answer', as: { answer: 'empty' } },
      { kind: 'lost-answer', as: { answer: 'no-ids' } },
    ] as const),
  }),
  (random) => ({
    on: 'launch',
    nth: 1 + Math.floor(random.next() * 2),
    do: { kind: 'delay', effect: 'late', simulatedMs: Math.round(random.between(0, 4 * MINUTE)) },
  }),
  (random) => ({
    on: 'launch',
    times: 1 + Math.floor(random.next() * 3),
    do: pick(random, [
      { kind: 'error', status: 400, code: 'instance-operations/launch/insufficient-capacity' },
      { kind: 'error', status: 409, code: 'global/internal-error' },
      { kind: 'error', status: 500 },
      { kind: 'error', status: 503, body: 'html' },
      { kind: 'reset' },
      { kind: 'no-answer' },
    ] as const),
  }),
  // Instances.
  (random) => ({
    on: 'instance',
    launch: 1 + Math.floor(random.next() * 2),
    do: pick(random, [
      { kind: 'unhealthy' },
      { kind: 'stuck-booting' },
      { kind: 'stuck-booting', ssh: true },
      { kind: 'address', when: 'never' },
      { kind: 'turns-unhealthy', afterActiveMs: 5_000, recoversAfterMs: 20_000 },
      { kind: 'cuda-error', code: 802 },
      { kind: 'cuda-error', code: 802, recoversAfterMs: Math.round(random.between(0, 4 * MINUTE)) },
      { kind: 'gpus-missing', gpus: [0] },
      { kind: 'ends', as: 'preempted', afterMs: Math.round(random.between(0, 5 * MINUTE)) },
      { kind: 'ends', as: 'terminated', afterMs: Math.round(random.between(0, 5 * MINUTE)) },
    ] as const),
  }),
  (random) => ({
    on: 'instance',
    probability: 0.7,
    do: pick(random, [
      { kind: 'unlisted', forMs: Math.round(random.between(0, 4 * MINUTE)), from: pick(random, HIDDEN_FROM) },
      {
        kind: 'vanishes',
        afterMs: Math.round(random.between(0, 4 * MINUTE)),
        forMs: Math.round(random.between(0, 4 * MINUTE)),
        from: pick(random, HIDDEN_FROM),
      },
      { kind: 'stale-status', forMs: Math.round(random.between(0, MINUTE)) },
      { kind: 'status-goes-back' },
      { kind: 'unknown-status', status: 'pending-review', forMs: 30_000 },
      { kind: 'lingers', listedMs: 0, gettableMs: 0 },
      { kind: 'terminate-refused-while-booting' },
      { kind: 'terminate-not-applied', times: 2 },
      { kind: 'stuck-terminating', forMs: Math.round(random.between(0, 20 * MINUTE)) },
      { kind: 'second-terminate', answer: 'unknown' },
      { kind: 'second-terminate', answer: 'not-found' },
    ] as const),
  }),
  // Machines and Navarch.
  (random) => ({
    on: 'machine',
    launch: 1 + Math.floor(random.next() * 2),
    do: pick(random, [
      { sshAfterMs: Math.round(random.between(0, 3 * MINUTE)) },
      { sshSilent: true },
      { ignoresUserData: true },
      { dropConnections: [{ connection: 1, afterMs: 200 }] },
      { hangConnections: [1] },
      { failCommands: [{ match: 'sudo', exitCode: 1, times: 2 }] },
      { rebootAtMs: Math.round(random.between(0, 2 * MINUTE)) },
      { noSystemd: true },
      { endsSessions: true },
      { diskFullAtMs: Math.round(random.between(0, 2 * MINUTE)) },
      { nvidiaSmi: pick(random, ['missing', 'broken'] as const) },
    ]),
  }),
  (random) => ({
    on: 'navarch',
    do: pick(random, [
      { kind: 'unavailable', between: [0, Math.round(random.between(0, 5 * MINUTE))] },
      { kind: 'unavailable', between: [30_000, 3 * MINUTE], as: '503' },
      { kind: 'forgets', atMs: Math.round(random.between(0, 3 * MINUTE)) },
    ]),
  }),
];

const HIDDEN_FROM = ['list', 'get', 'both'] as const;

/** Where stories can be struck, and how often each step comes. */
const PLACES: readonly (readonly [workflow: string, activity: string, times: number])[] = [
  ['provisionNode', 'lookUpKeeper', 1],
  ['provisionNode', 'checkNavarch', 1],
  ['provisionNode', 'joinLine', 2],
  ['provisionNode', 'describeHostKey', 2],
  ['provisionNode', 'launchInstance', 2],
  ['provisionNode', 'findInstances', 3],
  ['provisionNode', 'awaitHost', 2],
  ['provisionNode', 'proveGpus', 2],
  ['provisionNode', 'runBootstrap', 2],
  ['provisionNode', 'awaitRegistration', 2],
  ['provisionNode', 'readInstance', 3],
  ['provisionNode', 'terminateInstance', 2],
  ['provisionNode', 'isAccountOf', 1],
  ['keepNode', 'markNode', 3],
  ['keepNode', 'stopAgent', 1],
  ['keepNode', 'readInstance', 2],
  ['keepNode', 'terminateInstance', 2],
  ['accountBroker', 'callWaiters', 1],
  ['accountBroker', 'readSshKey', 1],
  ['accountBroker', 'readCapacity', 3],
  ['accountBroker', 'readFleet', 12],
  ['terminateNode', 'lookUpOwners', 1],
  ['terminateNode', 'cancelRun', 1],
  ['terminateNode', 'askToEnd', 1],
  ['terminateNode', 'awaitClosed', 2],
  ['terminateNode', 'findUnowned', 2],
  ['terminateNode', 'endOrphan', 1],
  ['sweepOrphans', 'surveyInstances', 1],
  ['sweepOrphans', 'endOrphan', 1],
];

const ACTS: readonly (Act | 'fail' | 'again')[] = [
  'fail',
  'fail',
  'again',
  'again',
  'cancel',
  'terminate',
  'ask-to-end',
  'ask-again',
  'replace-worker',
];

function drawStrike(random: Random): Strike {
  const [workflow, activity, times] = pick(random, PLACES);
  const nth = 1 + Math.floor(random.next() * times);
  const act = pick(random, ACTS);
  // A sweep is nobody's to cancel or terminate here: the next one would have no ledger to go on with.
  const isOurs = workflow === 'sweepOrphans' && (act === 'cancel' || act === 'terminate');
  return {
    at: { workflow, activity, nth },
    when: act === 'again' || random.chance(0.5) ? 'after' : 'before',
    do: isOurs ? 'fail' : act,
  };
}
