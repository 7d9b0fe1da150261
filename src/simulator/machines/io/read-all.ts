import type { OpenFile } from './open-file.ts';

const CHUNK_BYTES = 65_536;

/** Everything that comes, as UTF-8 text. */
export async function readAll(file: OpenFile, signal: AbortSignal): Promise<string> {
  return Buffer.concat(await readChunks(file, signal)).toString('utf8');
}

/** Everything that comes, as it came. */
export async function readChunks(file: OpenFile, signal: AbortSignal): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await file.read(CHUNK_BYTES, signal);
    if (chunk === undefined) return chunks;
    chunks.push(chunk);
  }
}
