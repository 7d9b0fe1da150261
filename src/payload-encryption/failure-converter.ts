import { DefaultFailureConverter } from '@temporalio/common';

// Loaded by its path, by the worker and into the workflows' bundle: nothing imports it.

/** Messages and stack traces of failures become payloads, which the codec encrypts; beside them Temporal shows "Encoded failure". */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
