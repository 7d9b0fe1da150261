import type { Finding } from '../domain/findings.ts';

/** What only the worker can look at; the words of `check` in a diagnosis. */
export const WORKER_CHECK = {
  temporalClock: 'temporal-clock',
  lambdaKey: 'lambda-key',
  sshKey: 'ssh-key',
  lambdaClock: 'lambda-clock',
  navarch: 'navarch',
  agentDownload: 'agent-download',
} as const;

/** Result of `diagnose`: what the worker that took each look has found. Nothing in it is secret (P8). */
export interface Diagnosis {
  readonly findings: readonly Finding[];
}
