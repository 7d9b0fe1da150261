import { WORKER_CHECK, type Diagnosis } from '../contract/diagnose.ts';
import { EXAMINE_IN_ALL_MS } from '../domain/deadlines.ts';
import { formatDuration } from '../domain/durations.ts';
import { unknown, type Finding } from '../domain/findings.ts';
import { examination, lambdaExamination } from './activities.ts';
import { messageOf, ranOutOfTime } from './failures.ts';

/** What the account's worker finds of its own keys, addresses and clock: side by side, and none waits longer than its deadline. */
export async function diagnose(): Promise<Diagnosis> {
  const { temporalClock, lambdaKey, sshKey, lambdaClock, navarch, agentDownload } = WORKER_CHECK;
  const findings = await Promise.all([
    found([temporalClock], examination("compare the worker's clock with Temporal's").examineClock()),
    found([lambdaKey, sshKey, lambdaClock], lambdaExamination('try the Lambda key and the SSH key').examineLambda()),
    found([navarch], examination('try Navarch and its token').examineNavarch()),
    found([agentDownload], examination("try the agent's download").examineAgentDownload()),
  ]);
  return { findings: findings.flat() };
}

/** What the look says; where it says nothing, that. */
async function found(
  checks: readonly string[],
  looking: Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return [await looking].flat();
  } catch (error) {
    const why = ranOutOfTime(error)
      ? `no answer from the worker within ${formatDuration(EXAMINE_IN_ALL_MS)}`
      : `the worker could not look: ${messageOf(error)}`;
    return checks.map((check) => unknown(check, why, "look at the worker's log and its load, and ask again"));
  }
}
