import 'vitest';
import type { Recording } from '../faults/harness/scenarios.ts';

declare module 'vitest' {
  /** What the global setups of a test project hand to its tests: `inject('temporalAddress')`. */
  export interface ProvidedContext {
    /** host:port of the project's Temporal dev server; its namespace is `default`. From dev-server.global.ts. */
    temporalAddress: string;
    /** The executable of the time-skipping test server. From time-skipping.global.ts. */
    timeSkippingServerPath: string;
    /** The bundled workflows, for `workflowBundle: { codePath }`. From workflow-bundle.global.ts. */
    workflowBundlePath: string;
    /** A worker as a process of its own, in JavaScript. From faults/harness/transpiled.global.ts. */
    workerProcessPath: string;
    /** What each scenario of the fault proofs does when nothing is struck. From faults/harness/recording.global.ts. */
    recordings: readonly Recording[];
  }
}
