import { readFile } from 'node:fs/promises';
import type { CliIo } from './io.ts';
import { UsageError } from './usage-error.ts';

/** A request as JSON from a file, or from standard input where the path is `-`. @throws UsageError naming the file */
export async function readRequestFile(path: string, io: CliIo): Promise<Readonly<Record<string, unknown>>> {
  const where = path === '-' ? 'standard input' : path;
  const text = await readText(path, '--request', io);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--request: ${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`--request: ${where} must hold one JSON object, the request`);
  }
  return value as Record<string, unknown>;
}

/** A text from a file, or from standard input where the path is `-`. @throws UsageError naming the flag and the file */
export async function readText(path: string, flag: string, io: CliIo): Promise<string> {
  if (path === '-') return readAll(io.stdin);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UsageError(`${flag}: cannot read ${path} (${code})`, { cause: error });
  }
}

async function readAll(stdin: CliIo['stdin']): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stdin ?? []) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
