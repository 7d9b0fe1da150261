import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's tools/temporal-server, which says what servers are built from. Equally far from src and from dist. */
export const TOOLS_FOLDER = fileURLToPath(new URL('../../tools/temporal-server/', import.meta.url));

/** One of its files. */
export function readTool(name: string): Promise<string> {
  return readFile(join(TOOLS_FOLDER, name), 'utf8');
}

/** A short name for a file's content, for cache entries. */
export function shortHash(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 12);
}
