import { createRequire } from 'node:module';

/** The version of Temporal's SDK that is installed beside us. */
export const SDK_VERSION = (createRequire(import.meta.url)('@temporalio/client/package.json') as { version: string })
  .version;
