import { FileError } from '../files/file-error.ts';
import type { OpenFile } from '../io/open-file.ts';
import { readChunks } from '../io/read-all.ts';
import { openPath } from '../processes/open-path.ts';
import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import { nameOf, program, refuse } from './program-kit.ts';

const CHUNK_BYTES = 65_536;
/** How often `tail -f` looks. */
const FOLLOW_EVERY_MS = 1_000;

/** Opens each operand (stdin for `-` or for none) and hands it over; what cannot be opened is told. */
async function eachInput(
  process: Process,
  operands: readonly string[],
  use: (file: OpenFile, name: string) => Promise<void>,
): Promise<number> {
  let exitCode = 0;
  for (const operand of operands.length === 0 ? ['-'] : operands) {
    try {
      const file = operand === '-' ? process.file(0).retain() : openPath(process, operand, { read: true });
      await use(file, operand);
      file.release();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      const cannot = nameOf(process) === 'cat' ? '' : 'cannot open ';
      const name = cannot === '' ? operand : `'${operand}' for reading`;
      exitCode = await refuse(process, `${cannot}${name}: ${error.text}`);
    }
  }
  return exitCode;
}

async function copy(process: Process, from: OpenFile, to: readonly OpenFile[], limit = Infinity): Promise<void> {
  let left = limit;
  while (left > 0) {
    const chunk = await from.read(Math.min(CHUNK_BYTES, left), process.signal);
    if (chunk === undefined) return;
    left -= chunk.length;
    for (const file of to) await file.write(chunk, process.signal);
  }
}

const cat: Program = (process, args) => {
  const numbered = args.includes('-n');
  let line = 0;
  return eachInput(
    process,
    args.filter((arg) => arg === '-' || !arg.startsWith('-')),
    async (file) => {
      if (!numbered) {
        await copy(process, file, [process.file(1)]);
        return;
      }
      for (const text of await linesOf(process, file)) {
        line += 1;
        await process.print(`${String(line).padStart(6)}\t${text}`);
      }
    },
  );
};

const tee = program({ flags: 'ai', long: { append: 'a' } }, async (process, args) => {
  const files: OpenFile[] = [process.file(1).retain()];
  let exitCode = 0;
  for (const operand of args.operands) {
    try {
      files.push(
        openPath(process, operand, { write: true, create: true, append: args.has('a'), truncate: !args.has('a') }),
      );
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      exitCode = await refuse(process, `${operand}: ${error.text}`);
    }
  }
  await copy(process, process.file(0), files);
  for (const file of files) file.release();
  return exitCode;
});

async function bytesOf(process: Process, file: OpenFile): Promise<Buffer> {
  return Buffer.concat(await readChunks(file, process.signal));
}

/** Lines with their newlines. */
async function linesOf(process: Process, file: OpenFile): Promise<string[]> {
  return (await bytesOf(process, file)).toString('utf8').match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function countOf(text: string): number {
  const match = /^[-+]?(\d+)([kKmM]?)/.exec(text);
  const unit = match?.[2]?.toLowerCase();
  return Number(match?.[1] ?? '0') * (unit === 'k' ? 1024 : unit === 'm' ? 1024 * 1024 : 1);
}

/** `-5` is `-n 5`. */
function modernCount(args: readonly string[]): string[] {
  return args.flatMap((arg) => (/^-\d+$/.test(arg) ? ['-n', arg.slice(1)] : [arg]));
}

const HEAD_GRAMMAR = {
  flags: 'qvzfF',
  valued: 'nc',
  long: { lines: 'n', bytes: 'c', quiet: 'q', follow: 'f', retry: 'F' },
};

const headOptions = program(HEAD_GRAMMAR, (process, args) =>
  eachInput(process, args.operands, async (file, name) => {
    if (args.operands.length > 1 && !args.has('q')) await process.print(`==> ${name} <==\n`);
    const bytes = args.value('c');
    if (bytes !== undefined && !bytes.startsWith('-')) {
      await copy(process, file, [process.file(1)], countOf(bytes));
      return;
    }
    if (bytes !== undefined) {
      const all = await bytesOf(process, file);
      await process.print(all.subarray(0, Math.max(0, all.length - countOf(bytes))));
      return;
    }
    const count = args.value('n') ?? '10';
    if (count.startsWith('-')) {
      await process.print((await linesOf(process, file)).slice(0, -countOf(count)).join(''));
      return;
    }
    await copyLines(process, file, countOf(count));
  }),
);

/** Stops reading after so many lines: what comes before may go on for ever. */
async function copyLines(process: Process, file: OpenFile, count: number): Promise<void> {
  let left = count;
  while (left > 0) {
    const chunk = await file.read(CHUNK_BYTES, process.signal);
    if (chunk === undefined) return;
    let end = 0;
    while (left > 0 && end < chunk.length) {
      if (chunk[end] === 10) left -= 1;
      end += 1;
    }
    await process.print(chunk.subarray(0, end));
  }
}

const tailOptions = program(
  { ...HEAD_GRAMMAR, valued: 'ncs', long: { ...HEAD_GRAMMAR.long, pid: 's' } },
  async (process, args) => {
    const follow = args.has('f') || args.has('F');
    const open: OpenFile[] = [];
    const exitCode = await eachInput(process, args.operands, async (file, name) => {
      if (args.operands.length > 1 && !args.has('q')) await process.print(`==> ${name} <==\n`);
      const bytes = args.value('c');
      const lines = args.value('n') ?? '10';
      if (bytes !== undefined) {
        const all = await bytesOf(process, file);
        const count = countOf(bytes);
        const from = bytes.startsWith('+') ? count - 1 : Math.max(0, all.length - count);
        await process.print(all.subarray(Math.max(0, from)));
      } else {
        const all = await linesOf(process, file);
        const count = countOf(lines);
        const from = lines.startsWith('+') ? count - 1 : Math.max(0, all.length - count);
        await process.print(all.slice(Math.max(0, from)).join(''));
      }
      if (follow) open.push(file.retain());
    });
    while (open.length > 0) {
      await process.system.clock.sleep(FOLLOW_EVERY_MS, process.signal);
      for (const file of open) await copy(process, file, [process.file(1)]);
    }
    return exitCode;
  },
);

/** The programs that pass files on as they come, without holding them. */
export const READ_FILES: Readonly<Record<string, Program>> = {
  cat,
  tee,
  head: (process, args) => headOptions(process, modernCount(args)),
  tail: (process, args) => tailOptions(process, modernCount(args)),
};
