import type { LookIntervals } from '../../../src/activities/dependencies.ts';
import type { Execution } from './puppet.ts';

export interface WorkerSettings {
  readonly environment: Readonly<Record<string, string>>;
  readonly temporalAddress: string;
  readonly workflowBundlePath: string;
  readonly looks: LookIntervals;
  /** Asks also each time before the API key is read, which is in the middle of a step. */
  readonly asksBeforeKey: boolean;
}

export type ToWorker =
  | { readonly kind: 'start'; readonly settings: WorkerSettings }
  | { readonly kind: 'order'; readonly id: number; readonly order: 'go' | 'fail' | 'again' }
  | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly when: 'before' | 'after' | 'key';
      readonly execution?: Execution;
    }
  | { readonly kind: 'done'; readonly execution: Execution };
