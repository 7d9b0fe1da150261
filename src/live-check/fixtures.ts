import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fixtureExchange, leaks } from './sanitise.ts';

/** What one live-check has seen, as it is kept beside the tests. */
const recording = z.object({
  format: z.literal(1),
  /** Lambda's own host, or `simulator` for an API on this machine. */
  recordedFrom: z.string(),
  recordedAt: z.string(),
  instanceType: z.string(),
  timings: z.record(z.string(), z.number()),
  assumptions: z.array(
    z.object({ id: z.string(), verdict: z.enum(['as assumed', 'other', 'not seen']), detail: z.string() }),
  ),
  exchanges: z.array(fixtureExchange),
});

export type Recording = z.output<typeof recording>;

/** @throws Error, and writes nothing, if one of these secrets stands in it */
export async function writeRecording(
  folder: string,
  value: Recording,
  secrets: readonly (string | undefined)[],
): Promise<string> {
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  const leaked = leaks(text, secrets);
  if (leaked.length > 0) {
    throw new Error(`the recording is not written: ${leaked.length} values that are not to be shown stand in it`);
  }
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${value.recordedFrom}-${value.recordedAt.replaceAll(/[:.]/g, '-')}.json`);
  await writeFile(file, text);
  return file;
}

export async function readRecording(file: string): Promise<Recording> {
  return recording.parse(JSON.parse(await readFile(file, 'utf8')));
}

/** What a recording is named after: who answered. */
export function nameOfSource(baseUrl: string): string {
  const { hostname } = new URL(baseUrl);
  return /^(127\.|localhost$|\[::1\]$)/.test(hostname) ? 'simulator' : hostname;
}
