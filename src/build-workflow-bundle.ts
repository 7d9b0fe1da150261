import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { ENCODED_FAILURES, WORKFLOW_BUNDLES, WORKFLOW_SOURCES } from './workflow-sources.ts';

// Run by the build: bundles the workflows beside the worker, so that a production worker starts without webpack. How failures are written is
// part of a bundle, so there are two.
const logger = new DefaultLogger('WARN');
const encoding = await bundleWorkflowCode({ ...WORKFLOW_SOURCES, ...ENCODED_FAILURES, logger });
await writeFile(WORKFLOW_BUNDLES.encodedFailures, encoding.code);
const plain = await bundleWorkflowCode({ ...WORKFLOW_SOURCES, logger });
await writeFile(WORKFLOW_BUNDLES.plain, plain.code);
