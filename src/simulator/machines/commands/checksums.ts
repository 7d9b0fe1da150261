import { createHash } from 'node:crypto';
import { FileError } from '../files/file-error.ts';
import type { OpenFile } from '../io/open-file.ts';
import { readAll } from '../io/read-all.ts';
import { openPath } from '../processes/open-path.ts';
import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import { program, refuse } from './program-kit.ts';

const CHUNK_BYTES = 65_536;

async function digestOf(process: Process, algorithm: string, path: string): Promise<string> {
  const hash = createHash(algorithm);
  const file = openInput(process, path);
  for (let chunk = await read(process, file); chunk !== undefined; chunk = await read(process, file))
    hash.update(chunk);
  file.release();
  return hash.digest('hex');
}

function openInput(process: Process, path: string): OpenFile {
  return path === '-' ? process.file(0).retain() : openPath(process, path, { read: true });
}

function read(process: Process, file: OpenFile): Promise<Uint8Array | undefined> {
  return file.read(CHUNK_BYTES, process.signal);
}

/** `sha256sum FILE…`, and `-c` with `--status`, `--quiet`, `--strict`, `--ignore-missing`. */
function checksum(algorithm: string): Program {
  return program(
    {
      flags: 'cbtzSqi!w',
      long: {
        check: 'c',
        status: 'S',
        quiet: 'q',
        strict: '!',
        'ignore-missing': 'i',
        binary: 'b',
        text: 't',
        warn: 'w',
      },
    },
    async (process, args) => {
      const operands = args.operands.length === 0 ? ['-'] : args.operands;
      let exitCode = 0;
      for (const operand of operands) {
        try {
          if (args.has('c')) {
            const how = { silent: args.has('S'), quiet: args.has('q'), ignoreMissing: args.has('i') };
            if (!(await check(process, algorithm, operand, how))) exitCode = 1;
          } else await process.print(`${await digestOf(process, algorithm, operand)}  ${operand}\n`);
        } catch (error) {
          if (!(error instanceof FileError)) throw error;
          exitCode = await refuse(process, `${operand}: ${error.text}`);
        }
      }
      return exitCode;
    },
  );
}

interface How {
  readonly silent: boolean;
  readonly quiet: boolean;
  readonly ignoreMissing: boolean;
}

async function check(process: Process, algorithm: string, list: string, how: How): Promise<boolean> {
  const wanted = await readList(process, list);
  if (wanted.length === 0) {
    await refuse(process, `${list}: no properly formatted checksum lines found`);
    return false;
  }
  let wrong = 0;
  let unread = 0;
  for (const { digest, path } of wanted) {
    const verdict = await verdictOf(process, algorithm, path, digest);
    if (verdict === 'missing' && how.ignoreMissing) continue;
    if (verdict === 'missing') {
      unread += 1;
      if (!how.silent) await refuse(process, `${path}: No such file or directory`);
    }
    if (verdict === 'FAILED') wrong += 1;
    const text = verdict === 'missing' ? 'FAILED open or read' : verdict;
    if (!how.silent && (verdict !== 'OK' || !how.quiet)) await process.print(`${path}: ${text}\n`);
  }
  if (!how.silent && unread > 0) await refuse(process, `WARNING: ${unread} listed file could not be read`);
  if (!how.silent && wrong > 0) await refuse(process, `WARNING: ${wrong} computed checksum did NOT match`);
  return wrong === 0 && unread === 0;
}

async function readList(process: Process, list: string): Promise<{ digest: string; path: string }[]> {
  const file = openInput(process, list);
  const text = await readAll(file, process.signal);
  file.release();
  const lines = text.split('\n');
  return lines.flatMap((line) => {
    const match = /^\\?([0-9a-fA-F]+) [ *](.+)$/.exec(line);
    return match === null ? [] : [{ digest: match[1] ?? '', path: match[2] ?? '' }];
  });
}

async function verdictOf(
  process: Process,
  algorithm: string,
  path: string,
  digest: string,
): Promise<'OK' | 'FAILED' | 'missing'> {
  try {
    return (await digestOf(process, algorithm, path)) === digest.toLowerCase() ? 'OK' : 'FAILED';
  } catch (error) {
    if (error instanceof FileError) return 'missing';
    throw error;
  }
}

/** The programs that compute and check digests. */
export const CHECKSUMS: Readonly<Record<string, Program>> = {
  md5sum: checksum('md5'),
  sha1sum: checksum('sha1'),
  sha256sum: checksum('sha256'),
  sha512sum: checksum('sha512'),
};
