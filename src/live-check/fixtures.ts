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

/** Where it was written, and how many of the secrets stand in it. If any do, that is aside, for nobody but the person who ran it. */
export async function writeRecording(
  { folder, aside }: { readonly folder: string; readonly aside: string },
  value: Recording,
  secrets: readonly (string | undefined)[],
): Promise<{ readonly file: string; readonly leaked: number }> {
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  const leaked = leaks(text, secrets).length;
  const place = leaked === 0 ? folder : aside;
  await mkdir(place, { recursive: true });
  const file = join(place, `${value.recordedFrom}-${value.recordedAt.replaceAll(/[:.]/g, '-')}.json`);
  await writeFile(file, text, leaked === 0 ? {} : { mode: 0o600 });
  return { file, leaked };
}

export async function readRecording(file: string): Promise<Recording> {
  return recording.parse(JSON.parse(await readFile(file, 'utf8')));
}

/** What a recording is named after: who answered. */
export function nameOfSource(baseUrl: string): string {
  const { hostname } = new URL(baseUrl);
  return /^(127\.|localhost$|\[::1\]$)/.test(hostname) ? 'simulator' : hostname;
}
