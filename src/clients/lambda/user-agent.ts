import { createRequire } from 'node:module';
import process from 'node:process';
import { z } from 'zod';

/**
 * How we name ourselves: `navarch-provisioner/0.1.0 (Node.js 20.19.0; linux)`. The version is our own package's, which finds itself by
 * name whether it runs from sources, from dist or installed.
 */
export function defaultUserAgent(): string {
  const manifest: unknown = createRequire(import.meta.url)('navarch-provisioner/package.json');
  const { version } = z.object({ version: z.string() }).parse(manifest);
  return `navarch-provisioner/${version} (Node.js ${process.versions.node}; ${process.platform})`;
}
