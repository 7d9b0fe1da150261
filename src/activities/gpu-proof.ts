import { activityInfo, log } from '@temporalio/activity';
import type { SshConnection } from '../clients/ssh/index.ts';
import { GPU_LOOKS } from '../domain/deadlines.ts';
import { formatDuration } from '../domain/durations.ts';
import { GPU_PROBE_COMMAND, GPU_PROBE_MS, gpuProbe } from '../domain/gpu-probe.ts';
import { readGpuReport, type GpuReport } from '../domain/gpu-report.ts';
import { cannotTell, judgeGpus } from '../domain/gpu-verdict.ts';
import type { OrderedGpus } from '../domain/offerings.ts';
import { lookUntil } from './activity-loop.ts';
import { CondemnedGpuMemory } from './condemned-gpus.ts';
import { connectHost, leaveConnection } from './connect-host.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { final } from './failures.ts';
import type { HostInput, ProvenGpus } from './types.ts';

/** What an attempt leaves to the next. */
interface LooksMade {
  /** So many found GPUs at fault. */
  readonly looks: number;
  /** Not before then is there another one, milliseconds since the epoch: also by a worker that takes over. */
  readonly restsUntil: number;
  /** What the last of them found. */
  readonly found?: { readonly reason: string; readonly gpuUuids: readonly string[] };
  readonly waitingFor: string;
}

/**
 * Looks at the GPUs of a machine until all of them compute, or until they were seen not to often enough. A connection that fails or breaks is
 * no look. GPUs that were condemned before get no second one: a launch may land on the same host again.
 */
export async function proveGpus(
  dependencies: ActivityDependencies,
  { host, ordered }: { readonly host: HostInput; readonly instanceType: string; readonly ordered?: OrderedGpus },
): Promise<ProvenGpus> {
  const { gpuMs, hostMs } = dependencies.looks;
  const memory = new CondemnedGpuMemory(dependencies);
  let made = (activityInfo().heartbeatDetails as LooksMade | undefined) ?? {
    looks: 0,
    restsUntil: 0,
    waitingFor: 'not looked yet',
  };
  const restMs = (): number => Math.max(made.restsUntil - Date.now(), 0);

  return lookUntil({
    everyMs: () => Math.max(restMs(), hostMs),
    details: () => made,
    timeUp: () => outOfTime(host, made),
    look: async (signal) => {
      if (restMs() > 0) return undefined;
      const answer = await askHost(dependencies, host, signal);
      if (answer.kind !== 'report') {
        if (answer.kind === 'lacking') throw final('gpu_unproven', answer.reason);
        const restsUntil = answer.kind === 'failed' ? Date.now() + gpuMs : 0;
        made = { ...made, restsUntil, waitingFor: answer.reason };
        return undefined;
      }
      const verdict = judgeGpus(answer.report, ordered);
      if (verdict.kind === 'unknown') throw final('gpu_unproven', verdict.reason);
      if (verdict.kind === 'healthy') {
        // Nothing is decided by it: a broker that is slow to answer holds up no node.
        memory.forget(verdict.gpus.map(({ uuid }) => uuid)).catch(() => undefined);
        return { gpus: verdict.gpus, bootId: answer.report.bootId };
      }
      const { reason, gpuUuids, mayPass } = verdict;
      const looks = made.looks + 1;
      made = { looks, restsUntil: Date.now() + gpuMs, found: { reason, gpuUuids }, waitingFor: reason };
      log.warn('gpus do not work', { address: host.address, looks, reason });
      const details = { gpus: gpuUuids, looks };
      if (!mayPass) throw final('gpu_unhealthy', reason, details);
      const before = looks === 1 ? await memory.seenBefore(gpuUuids) : undefined;
      if (before === undefined && looks < GPU_LOOKS) return undefined;
      await memory.condemn(gpuUuids, reason);
      const certainty =
        before === undefined
          ? `, in ${looks} looks over ${formatDuration((looks - 1) * gpuMs)}`
          : `; seen broken before, at ${new Date(before.at).toISOString()}`;
      throw final('gpu_unhealthy', `${reason}${certainty}`, details);
    },
  });
}

function outOfTime(host: HostInput, { looks, found, waitingFor }: LooksMade): Error {
  if (found === undefined)
    return final('ssh_unreachable', `nobody could look at the GPUs of ${host.address}: ${waitingFor}`);
  const { reason, gpuUuids } = found;
  return final('gpu_unhealthy', `${reason}; there was time for ${looks} of ${GPU_LOOKS} looks`, {
    gpus: gpuUuids,
    looks,
  });
}

type Answer =
  | { readonly kind: 'report'; readonly report: GpuReport }
  /** The machine can never tell. */
  | { readonly kind: 'lacking'; readonly reason: string }
  /** The probe did not come to its end there. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'no connection'; readonly reason: string };

async function askHost(dependencies: ActivityDependencies, host: HostInput, signal: AbortSignal): Promise<Answer> {
  const connected = await connectHost(dependencies, host, signal);
  if (connected.kind !== 'connected') return { kind: 'no connection', reason: connected.reason };
  const { connection, hostKeyFingerprint } = connected;
  const answer = await runProbe(connection, signal);
  if (answer.kind === 'report') leaveConnection(dependencies, host, hostKeyFingerprint, connection);
  else connection.close();
  return answer;
}

/** What shells say of a program that is not there, or cannot be run. */
const NO_SUCH_PROGRAM = [126, 127];

async function runProbe(connection: SshConnection, signal: AbortSignal): Promise<Answer> {
  const ran = await connection.run(GPU_PROBE_COMMAND, { stdin: gpuProbe(), timeoutMs: GPU_PROBE_MS, signal });
  if (ran.kind !== 'exited') return { kind: 'no connection', reason: ran.reason };
  const report = readGpuReport(ran.stdout);
  if (report !== undefined) return { kind: 'report', report };
  if (NO_SUCH_PROGRAM.includes(ran.exitCode)) return { kind: 'lacking', reason: cannotTell('no python3') };
  const said = ran.stderr.trim().split('\n').at(-1) ?? '';
  return { kind: 'failed', reason: `python3 could not look at the GPUs: exit code ${ran.exitCode}: ${said}` };
}
