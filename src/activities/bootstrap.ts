import type { RunnerState } from '../domain/bootstrap-journal.ts';
import { STEP_MARK } from '../domain/bootstrap-runner.ts';
import { SECOND } from '../domain/durations.ts';
import { lookUntil } from './activity-loop.ts';
import { bootstrapOrder } from './bootstrap-order.ts';
import { deliver, look, start, type MachineView } from './bootstrap-machine.ts';
import { ProgressReport } from './bootstrap-progress.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { final } from './failures.ts';
import { HostSession } from './host-session.ts';
import { shownLines } from './shown-lines.ts';
import type { BootstrapInput } from './types.ts';

// The steps are run on the machine by a runner of their own (domain/bootstrap-runner.ts); this only starts it, watches it and judges. All
// that is known is on the machine: a worker that takes over begins by looking.

/** Lines of the log that go into a failure, and into what is shown meanwhile. */
const FAILURE_LINES = 100;
const SHOWN_LINES = 3;

/** A runner that was started shows in the journal within this time, or is started again. */
const START_MS = 3 * SECOND;
/** What the machine refused is tried again after so many looks: three seconds, too. */
const LOOKS_AFTER_REFUSAL = 6;
/** So often in a row nothing came of it, and nothing will. */
const MAX_STARTS = 10;

/** Runs the bootstrap of a launch once, and watches it to its end. */
export async function runBootstrap(
  dependencies: ActivityDependencies,
  input: BootstrapInput,
): Promise<{ seconds: number; bootId: string }> {
  const { directory, delivery, redaction } = await bootstrapOrder(dependencies, input);
  const session = new HostSession(dependencies, input.host);
  const report = new ProgressReport(dependencies.temporal);
  let trouble = session.trouble;
  let seen: MachineView | undefined;
  let starts = 0;
  let notBefore = -Infinity;
  let startedAfter: number | undefined;

  const lines = (count: number): string[] =>
    seen === undefined ? [] : shownLines(redaction.apply(seen.log, { beginningIsCut: seen.logIsCut }), count);
  const failed = (message: string) =>
    final('bootstrap_failed', redaction.apply(message), { lastLines: lines(FAILURE_LINES) });
  const progress = () => ({
    step: stepOf(seen?.state),
    seconds: secondsOf(seen?.state),
    lastLines: lines(SHOWN_LINES),
  });

  /** Starts the runner, or starts it again. Returns what went wrong. */
  async function begin(state: RunnerState, signal: AbortSignal): Promise<string | undefined> {
    const attempts = state.kind === 'not-begun' ? 0 : state.attempts;
    if (attempts !== startedAfter) starts = 0;
    else if (performance.now() < notBefore) return undefined;
    if (starts === MAX_STARTS)
      throw failed(`the bootstrap script does not start${trouble === '' ? '' : `: ${trouble}`}`);
    const connection = await session.connection(signal);
    if (connection === undefined) return session.trouble;
    const begun =
      state.kind === 'not-begun'
        ? await deliver(connection, directory, delivery, signal)
        : await start(connection, directory, signal);
    if (begun.kind === 'lost') {
      session.drop();
      return begun.reason;
    }
    starts += 1;
    startedAfter = attempts;
    const isRefused = begun.kind === 'refused';
    notBefore = performance.now() + (isRefused ? LOOKS_AFTER_REFUSAL * dependencies.looks.hostMs : START_MS);
    return isRefused ? `the machine refuses it: ${begun.reason}` : undefined;
  }

  try {
    return await lookUntil({
      everyMs: dependencies.looks.hostMs,
      details: () => ({ ...progress(), trouble }),
      timeUp: () =>
        failed(
          `the bootstrap script did not end in time (step: ${stepOf(seen?.state)})${trouble === '' ? '' : `: ${trouble}`}`,
        ),
      look: async (signal) => {
        const connection = await session.connection(signal);
        if (connection === undefined) {
          trouble = session.trouble;
          return undefined;
        }
        const now = await look(connection, directory, signal);
        if (now.kind === 'lost') {
          trouble = now.reason;
          session.drop();
          return undefined;
        }
        seen = now;
        const { state } = now;
        if (state.kind !== 'not-begun') {
          report.of({ launchToken: input.host.launchToken, ...progress() });
          trouble = '';
        }
        if (state.kind === 'ended' && state.exitCode === 0) return { seconds: state.seconds, bootId: state.bootId };
        const verdict = verdictOn(now, lines(SHOWN_LINES));
        if (verdict !== undefined) throw failed(verdict);
        const mayBegin = state.kind === 'not-begun' || state.kind === 'cut-off';
        if (mayBegin && !now.isRunning) trouble = (await begin(state, signal)) ?? trouble;
        return undefined;
      },
    });
  } finally {
    session.drop();
  }
}

/** Why it has failed for good; undefined: it goes on, or can be made to. */
function verdictOn({ state, diskTrouble }: MachineView, lastLines: readonly string[]): string | undefined {
  const lastLine = lastLines.findLast((line) => !line.startsWith(STEP_MARK)) ?? 'no output';
  const disk = diskTrouble === undefined ? '' : `; the machine cannot write to its disk: ${diskTrouble}`;
  const step = stepOf(state);
  if (state.kind === 'ended' && state.exitCode !== 0) {
    return state.outOfTime === undefined
      ? `the bootstrap script failed with exit code ${state.exitCode} (step: ${step}): ${lastLine}${disk}`
      : `the bootstrap script failed: a step did not end within ${state.outOfTime} (step: ${step})${disk}`;
  }
  if (state.kind !== 'cut-off' || (state.mayGoOn && diskTrouble === undefined)) return undefined;
  const how =
    state.because === 'rebooted' ? `the machine rebooted during step ${step}` : `it was killed during step ${step}`;
  const often = state.attempts > 1 ? `, in attempt ${state.attempts}` : '';
  return `the bootstrap script was cut off: ${how}${often}${disk}`;
}

function stepOf(state: RunnerState | undefined): string {
  if (state === undefined || state.kind === 'not-begun') return 'before the first step';
  return state.step?.title ?? 'between two steps';
}

/** Of the whole, by the machine's clock. */
function secondsOf(state: RunnerState | undefined): number {
  return state === undefined || state.kind === 'not-begun' ? 0 : state.seconds;
}
