import { activityInfo, cancellationSignal } from '@temporalio/activity';
import type { LambdaExchange, SshKey } from '../clients/lambda/index.ts';
import { LambdaUnauthorizedError } from '../clients/lambda/index.ts';
import { NavarchError } from '../clients/navarch/index.ts';
import { fingerprintOf, publicKeyOf } from '../clients/ssh/index.ts';
import { WORKER_CHECK } from '../contract/diagnose.ts';
import { EXAMINE_MS } from '../domain/deadlines.ts';
import { formatDuration } from '../domain/durations.ts';
import { judgeClock, judgeSshKey, ok, unknown, wrong, type Finding } from '../domain/findings.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { downloadProblem } from './download-problem.ts';
import { withoutMemos } from './owners.ts';
import type { ExaminationActivities, LambdaExaminationActivities } from './types.ts';

/** A name that no node has: ours are instance ids. */
const NOBODY = 'navarch-provisioner-check';

const ARCHITECTURES = ['amd64', 'arm64'] as const;

/** Looks at what this worker was given to work with. A refusal is a finding, not a failure. */
export function createExaminationActivities(dependencies: ActivityDependencies): {
  readonly main: ExaminationActivities;
  readonly lambda: LambdaExaminationActivities;
} {
  const { lambda, navarch, agent, temporal, defaults, ssh } = dependencies;

  async function sshKey(registered: readonly SshKey[]): Promise<Finding> {
    let own: { readonly fingerprint: string } | undefined;
    try {
      const [key] = await ssh.privateKeys();
      own = key === undefined ? undefined : publicKeyOf(key);
    } catch (error) {
      return wrong(WORKER_CHECK.sshKey, messageOf(error), 'give the worker its private key: NAVARCH_SSH_PRIVATE_KEY');
    }
    if (own === undefined) return wrong(WORKER_CHECK.sshKey, 'the worker has no key', 'set NAVARCH_SSH_PRIVATE_KEY');
    return judgeSshKey(WORKER_CHECK.sshKey, defaults.sshKeyName, registered.map(withFingerprint), own);
  }

  return {
    lambda: {
      async examineLambda() {
        const { lambdaKey, lambdaClock } = WORKER_CHECK;
        let aheadMs: number | undefined;
        // Also an answer that refuses the key tells the time. The header has no parts of a second: in the middle of it on the average.
        const onExchange = ({ serverTimeMs }: LambdaExchange): void => {
          if (serverTimeMs !== undefined) aheadMs = Date.now() - (serverTimeMs + 500);
        };
        const clock = (): Finding =>
          aheadMs === undefined
            ? unknown(lambdaClock, 'Lambda has not told its time', 'mend what is wrong with Lambda, and ask again')
            : judgeClock(lambdaClock, "Lambda's", aheadMs);
        try {
          const keys = await lambda.listSshKeys({ signal: inTime(), onExchange });
          return [ok(lambdaKey, 'Lambda accepts the API key'), await sshKey(keys), clock()];
        } catch (error) {
          const notLooked = unknown(WORKER_CHECK.sshKey, 'not looked at: Lambda tells nothing', 'mend that first');
          return [lambdaTrouble(error), notLooked, clock()];
        }
      },
    },

    main: {
      async examineClock() {
        const now = Date.now();
        const { workflowExecution, activityId } = activityInfo();
        if (workflowExecution === undefined) throw new Error('a step of no workflow');
        const { workflowId, runId } = workflowExecution;
        const { raw } = await withoutMemos(temporal).workflow.getHandle(workflowId, runId).describe();
        const me = raw.pendingActivities?.find((activity) => activity.activityId === activityId);
        // Written down when the step was handed out, which was a moment ago.
        const startedAt = me?.lastStartedTime;
        if (startedAt == null) throw new Error('Temporal does not tell when it handed this step out');
        const theirs = Number(startedAt.seconds ?? 0) * 1_000 + (startedAt.nanos ?? 0) / 1_000_000;
        return judgeClock(WORKER_CHECK.temporalClock, "Temporal's", now - theirs);
      },

      async examineNavarch() {
        try {
          await navarch.getNode(NOBODY, { signal: inTime() });
          const token = await agent.authToken();
          return ok(WORKER_CHECK.navarch, `Navarch answers${token === undefined ? '' : ', and accepts the token'}`);
        } catch (error) {
          const todo =
            error instanceof NavarchError && error.kind === 'unauthorized'
              ? "set NAVARCH_AUTH_TOKEN, where the worker runs, to the control plane's own token"
              : 'look at NAVARCH_CONTROL_PLANE_URL where the worker runs, and whether the control plane is up';
          return wrong(WORKER_CHECK.navarch, messageOf(error), todo);
        }
      },

      async examineAgentDownload() {
        const found = await Promise.all(
          ARCHITECTURES.map(async (architecture) => {
            const problem = await downloadProblem(`${agent.downloadUrl}/navarch-node-linux-${architecture}`, inTime());
            return problem === undefined ? [] : [problem];
          }),
        );
        const problems = found.flat();
        return problems.length === 0
          ? ok(WORKER_CHECK.agentDownload, `navarch-node for ${ARCHITECTURES.join(' and ')} can be downloaded`)
          : wrong(
              WORKER_CHECK.agentDownload,
              problems.join('; '),
              'look at NAVARCH_AGENT_DOWNLOAD_URL where the worker runs: machines download from there, too',
            );
      },
    },
  };
}

function withFingerprint({ name, publicKey }: SshKey): { readonly name: string; readonly fingerprint: string } {
  return { name, fingerprint: fingerprintOf(Buffer.from(publicKey.trim().split(/\s+/)[1] ?? '', 'base64')) };
}

/** The client's messages carry no key (P8). */
function lambdaTrouble(error: unknown): Finding {
  if (error instanceof LambdaUnauthorizedError) {
    const todo =
      'put a valid API key where the worker runs: LAMBDA_API_KEY, or the file that LAMBDA_API_KEY_FILE names';
    return wrong(WORKER_CHECK.lambdaKey, `Lambda refuses the worker: ${error.message}`, todo);
  }
  const seen = isTimeout(error)
    ? `no answer from Lambda within ${formatDuration(EXAMINE_MS)}, the wait for a place in the request budget included`
    : messageOf(error);
  return unknown(
    WORKER_CHECK.lambdaKey,
    seen,
    'look at LAMBDA_BASE_URL and the way out from the worker; then ask again',
  );
}

/** Ends a look: before the step's own time does, so that it can say what it waited for. */
function inTime(): AbortSignal {
  return AbortSignal.any([cancellationSignal(), AbortSignal.timeout(EXAMINE_MS)]);
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
