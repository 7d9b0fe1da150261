import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { WORKFLOW_SOURCES } from './workflow-sources.ts';

// Run by the build: bundles the workflows beside the worker, so that a production worker starts without webpack.
const { code } = await bundleWorkflowCode({ ...WORKFLOW_SOURCES, logger: new DefaultLogger('WARN') });
await writeFile(new URL('./workflow-bundle.js', import.meta.url), code);
