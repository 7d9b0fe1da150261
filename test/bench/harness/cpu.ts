import { availableParallelism } from 'node:os';
import pidusage from 'pidusage';
import type { BenchContext } from './figure.ts';

const SAMPLE_EVERY_MS = 100;

/** Milliseconds of CPU, by whose they are. */
export interface CpuUse {
  readonly server: number;
  readonly worker: number;
  /** The simulated cloud with its machines, and whatever else the bench does. */
  readonly cloud: number;
}

interface Sample {
  readonly at: number;
  readonly use: CpuUse;
}

/** What of the CPU was used, and by whom. */
export interface CpuWatch {
  /** Between two moments in milliseconds since the epoch, as near as the samples lie. */
  between(from: number, to: number): CpuUse;
  /** Looks just now, and says when that was. */
  sample(): Promise<number>;
}

/** Watches until the figure has been measured, or the worker is gone. */
export function watchCpu(context: BenchContext, serverPid: number, workerPid: number): CpuWatch {
  const samples: Sample[] = [];
  const sample = async (): Promise<number> => {
    const usage = await pidusage([serverPid, workerPid, process.pid]);
    const of = (pid: number): number => usage[pid]?.ctime ?? 0;
    const at = Date.now();
    samples.push({ at, use: { server: of(serverPid), worker: of(workerPid), cloud: of(process.pid) } });
    return at;
  };
  const timer = setInterval(() => {
    sample().catch(() => clearInterval(timer)); // a process is gone
  }, SAMPLE_EVERY_MS);
  context.atEnd(() => {
    clearInterval(timer);
    pidusage.clear();
    return Promise.resolve();
  });
  return { sample, between: (from, to) => difference(nearest(samples, from), nearest(samples, to)) };
}

function nearest(samples: readonly Sample[], at: number): CpuUse {
  const [first, ...others] = samples;
  if (first === undefined) throw new Error('the CPU has not been looked at yet');
  return others.reduce((best, each) => (Math.abs(each.at - at) < Math.abs(best.at - at) ? each : best), first).use;
}

function difference(from: CpuUse, to: CpuUse): CpuUse {
  return { server: to.server - from.server, worker: to.worker - from.worker, cloud: to.cloud - from.cloud };
}

export function sumOf({ server, worker, cloud }: CpuUse): number {
  return server + worker + cloud;
}

/** Of all that the machine's cores had to give in that time, in percent. */
export function percentOfCores(use: CpuUse, ms: number): number {
  return (100 * sumOf(use)) / (ms * availableParallelism());
}

/** For whoever watches. */
export function shown({ server, worker, cloud }: CpuUse): string {
  const part = (name: string, ms: number): string => `${name} ${Math.round(ms)} ms`;
  return [part('server', server), part('worker', worker), part('simulated cloud and machines', cloud)].join(', ');
}
