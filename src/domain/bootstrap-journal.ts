import { MAX_ATTEMPTS } from './bootstrap-runner.ts';

// What the runner notes on the machine, a line each; the second word is when, in seconds since the epoch by the machine's clock:
//   attempt <at> <boot id>
//   step <at> <number> repeatable|once <how many steps> <title>
//   again <at> <number> <exit code>      it failed, and is run once more
//   done <at> <number>
//   exit <at> <exit code> done|failed|timeout [<its limit, for people>]

/** What the machine says about the runner. */
export interface RunnerLook {
  /** Of the machine as it runs now. */
  readonly bootId: string;
  /** By the machine's clock, in seconds since the epoch. */
  readonly at: number;
  /** Somebody holds the runner's lock. */
  readonly isRunning: boolean;
  readonly journal: string;
}

export interface StepInProgress {
  readonly number: number;
  readonly of: number;
  readonly title: string;
  readonly repeatable: boolean;
  readonly seconds: number;
}

interface Begun {
  /** The step it is in, or ended in; undefined: before the first, or between two. */
  readonly step?: StepInProgress;
  /** Since the first attempt began. */
  readonly seconds: number;
  readonly attempts: number;
  /** Of the machine now: another one than it began in, where the script itself has rebooted it. */
  readonly bootId: string;
}

export type RunnerState =
  | { readonly kind: 'not-begun' }
  | (Begun & { readonly kind: 'running' })
  | (Begun & {
      readonly kind: 'ended';
      readonly exitCode: number;
      /** For people: the step was ended because it took longer than this. */
      readonly outOfTime?: string;
    })
  /** Its process is gone and has noted no end. */
  | (Begun & {
      readonly kind: 'cut-off';
      readonly because: 'rebooted' | 'killed';
      /** Starting the runner again lets it go on, and does nothing twice that must not be done twice. */
      readonly mayGoOn: boolean;
    });

const LINE = /^(attempt|step|again|done|exit) (\d+) (.+)$/;

/** What became of the runner, from its journal. */
export function readRunner({ bootId, at, isRunning, journal }: RunnerLook): RunnerState {
  let begunAt: number | undefined;
  let attempts = 0;
  let lastBoot = '';
  let step: Omit<StepInProgress, 'seconds'> | undefined;
  let stepAt = 0;
  let exit: { readonly at: number; readonly code: number; readonly outOfTime?: string } | undefined;
  // A line counts once it is whole.
  for (const line of journal.split('\n').slice(0, -1)) {
    const [, word, when, rest = ''] = LINE.exec(line) ?? [];
    const words = rest.split(' ');
    if (word === 'attempt') {
      begunAt ??= Number(when);
      attempts += 1;
      lastBoot = rest;
    } else if (word === 'step') {
      const [number, kind, of, ...title] = words;
      stepAt = Number(when);
      step = { number: Number(number), of: Number(of), title: title.join(' '), repeatable: kind === 'repeatable' };
    } else if (word === 'done') step = undefined;
    else if (word === 'exit') {
      const [code, how, ...limit] = words;
      exit = {
        at: Number(when),
        code: Number(code),
        ...(how === 'timeout' ? { outOfTime: limit.join(' ') } : {}),
      };
    }
  }
  if (begunAt === undefined) return { kind: 'not-begun' };
  const now = exit?.at ?? at;
  const begun: Begun = {
    ...(step === undefined ? {} : { step: { ...step, seconds: since(stepAt, now) } }),
    seconds: since(begunAt, now),
    attempts,
    bootId,
  };
  if (exit !== undefined) {
    const { code, outOfTime } = exit;
    return { kind: 'ended', ...begun, exitCode: code, ...(outOfTime === undefined ? {} : { outOfTime }) };
  }
  if (isRunning) return { kind: 'running', ...begun };
  return {
    kind: 'cut-off',
    ...begun,
    because: lastBoot === bootId ? 'killed' : 'rebooted',
    mayGoOn: attempts < MAX_ATTEMPTS && (step === undefined || step.repeatable),
  };
}

/** A machine's clock may be set back while it boots. */
function since(from: number, to: number): number {
  return Math.max(to - from, 0);
}
