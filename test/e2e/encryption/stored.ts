import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';

/** Which of the words are in a SQLite database as it lies on the disk: the file, and what SQLite has put beside it. */
export async function wordsStored(folder: string, words: readonly string[]): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('temporal.db'));
  const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
  return words.filter((word) => files.some((bytes) => bytes.includes(word)));
}

/** In the clear beside each payload: which key it is encrypted with. */
interface Stored {
  /** Of fields, without the numbers in lists. */
  readonly path: string;
  /** Undefined: it is not encrypted. */
  readonly keyId: string | undefined;
}

/** Search attributes, and what the SDK notes of a step that it ran itself: which one, and when. */
const NEVER_ENCRYPTED = /\bsearchAttributes\b|\bmarkerRecordedEventAttributes\.details\.data\b/;

/** All payloads that the histories of a namespace hold, and what Temporal shows of its runs, but those that are never encrypted. */
export async function payloadsStored(temporal: Client): Promise<readonly Stored[]> {
  const stored: Stored[] = [];
  const { namespace } = temporal.options;
  for await (const { workflowId, runId, raw } of temporal.workflow.list()) {
    const execution = { workflowId, runId };
    const description = await temporal.workflowService.describeWorkflowExecution({ namespace, execution });
    stored.push(...payloadsIn(raw), ...payloadsIn(description));
    stored.push(...payloadsIn(await temporal.workflow.getHandle(workflowId, runId).fetchHistory()));
  }
  return stored;
}

/** Ids of the keys that a history is encrypted with; `none` where something is not. */
export async function keysOf(temporal: Client, workflowId: string): Promise<readonly string[]> {
  const stored = payloadsIn(await temporal.workflow.getHandle(workflowId).fetchHistory());
  return [...new Set(stored.map(({ keyId = 'none' }) => keyId))].sort();
}

function payloadsIn(value: unknown, path: readonly string[] = []): readonly Stored[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  const metadata = 'metadata' in value ? (value.metadata as Readonly<Record<string, unknown>> | null) : undefined;
  if (metadata?.['encoding'] instanceof Uint8Array) {
    const where = path.filter((name) => !/^\d+$/.test(name)).join('.');
    const isEncrypted = Buffer.from(metadata['encoding']).toString() === 'binary/encrypted';
    const id = metadata['encryption-key-id'];
    const keyId = isEncrypted && id instanceof Uint8Array ? Buffer.from(id).toString() : undefined;
    return NEVER_ENCRYPTED.test(where) ? [] : [{ path: where, keyId }];
  }
  return Object.entries(value).flatMap(([name, inner]) => payloadsIn(inner, [...path, name]));
}

/** Messages of our failures in a history, as they are stored. */
export async function failureMessages(temporal: Client, workflowId: string): Promise<readonly string[]> {
  const messages = new Set<string>();
  const note = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('applicationFailureInfo' in value && 'message' in value && value.applicationFailureInfo != null) {
      messages.add(String(value.message));
    }
    for (const inner of Object.values(value)) note(inner);
  };
  note(await temporal.workflow.getHandle(workflowId).fetchHistory());
  return [...messages];
}
