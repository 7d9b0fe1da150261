import { AsyncLocalStorage } from 'node:async_hooks';
import { Bash, getCommandNames } from 'just-bash';
import { parseArguments } from './arguments.ts';
import { readChunks } from '../io/read-all.ts';
import { unlessAborted } from '../io/wait.ts';
import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';
import { nameOf } from './program-kit.ts';
import { ProcessFiles } from './process-files.ts';

/** The tools of just-bash that machines have: they read files and text, write text, and know nothing of processes. */
const TOOLS = [
  'awk',
  'base64',
  'basename',
  'column',
  'comm',
  'cut',
  'diff',
  'dirname',
  'du',
  'egrep',
  'expand',
  'expr',
  'fgrep',
  'file',
  'find',
  'fold',
  'grep',
  'gunzip',
  'gzip',
  'join',
  'jq',
  'nl',
  'od',
  'paste',
  'rev',
  'sed',
  'seq',
  'sort',
  'split',
  'strings',
  'tac',
  'tar',
  'tr',
  'tree',
  'unexpand',
  'uniq',
  'wc',
  'zcat',
] as const;

/** How many operands come before the files, for tools that read stdin when no file is named. The others never read it. */
const STDIN_READERS: ReadonlyMap<string, number> = new Map([
  ...['base64', 'column', 'cut', 'expand', 'fold', 'gunzip', 'gzip', 'nl', 'od', 'paste', 'rev'].map(
    (name) => [name, 0] as const,
  ),
  ...['sort', 'split', 'strings', 'tac', 'unexpand', 'uniq', 'wc', 'zcat'].map((name) => [name, 0] as const),
  ...['awk', 'egrep', 'fgrep', 'grep', 'jq', 'sed'].map((name) => [name, 1] as const),
  ['tr', 2],
]);

const current = new AsyncLocalStorage<Process>();

/**
 * One just-bash for all machines: it holds the tools' code only. Which machine's files a tool sees, and in whose name, comes from
 * the process that called it. Its limits are off, because a machine's scripts may run for simulated hours, and its guard over the
 * host's globals too, because none of its own languages (python, javascript, sql) is switched on.
 */
let tools: Bash | undefined;

function toolbox(): Bash {
  tools ??= new Bash({
    fs: new ProcessFiles(() => {
      const process = current.getStore();
      if (process === undefined) throw new Error('a tool ran outside of any process');
      return process;
    }),
    cwd: '/',
    commands: getCommandNames().filter((name) => TOOLS.some((tool) => tool === name)) as NonNullable<
      NonNullable<ConstructorParameters<typeof Bash>[0]>['commands']
    >,
    defenseInDepth: false,
    executionLimits: { maxExecutionTimeMs: Infinity, maxCommandCount: Infinity, maxWorkUnits: Infinity },
  });
  return tools;
}

async function runTool(process: Process, args: readonly string[]): Promise<number> {
  const name = nameOf(process);
  const stdin = readsStdin(process, name, args)
    ? Buffer.concat(await readChunks(process.file(0), process.signal)).toString('latin1')
    : '';
  const result = await current.run(process, () =>
    unlessAborted(
      toolbox().exec(name, {
        args: name === 'paste' ? pasteArguments(args) : [...args],
        cwd: process.cwd,
        // The tools know each other by name only; the machine's own search path means nothing to them.
        env: { ...Object.fromEntries(process.env), PATH: '/usr/bin' },
        replaceEnv: true,
        rawScript: true,
        stdin,
        stdinKind: 'bytes',
        signal: process.signal,
      }),
      process.signal,
    ),
  );
  const binary = result.stdoutKind === 'bytes' || result.stdoutEncoding === 'binary';
  await process.print(Buffer.from(result.stdout, binary ? 'latin1' : 'utf8'));
  await process.print(result.stderr.replace(/^bash: (line \d+: )?/, ''), 2);
  return result.exitCode;
}

/** just-bash's paste wants its options one by one, and its stdin by name. */
function pasteArguments(args: readonly string[]): string[] {
  const parsed = parseArguments(args, { flags: 's', valued: 'd' });
  const delimiter = parsed.value('d');
  return [
    ...(parsed.has('s') ? ['-s'] : []),
    ...(delimiter === undefined ? [] : ['-d', delimiter]),
    ...(parsed.operands.length === 0 ? ['-'] : parsed.operands),
  ];
}

/**
 * A tool here gets all of its stdin at once, so it must be known beforehand whether it wants any: waiting for the end of an SSH
 * command's open stdin would hang, and eating the rest of a loop's input would end the loop.
 */
function readsStdin(process: Process, name: string, args: readonly string[]): boolean {
  const before = STDIN_READERS.get(name);
  if (before === undefined)
    return name === 'tar' ? args.includes('-') || args.some((arg) => /^-?\w*f-$/.test(arg)) : args.includes('-');
  if (args.includes('-')) return true;
  const { operands } = parseArguments(args, {});
  const given = args.some((arg) => /^-\w*[ef]$/.test(arg)) ? 0 : before;
  const { files } = process.system;
  const named = operands.slice(given).filter((operand) => !/^[-+]?\d+$/.test(operand));
  const recursive = name.endsWith('grep') && args.some((arg) => /^-\w*[rR]/.test(arg));
  return !recursive && !named.some((operand) => files.exists(process.resolve(operand), process.who));
}

/** The text tools, each as a program of the machine. */
export const TEXT_TOOLS: Readonly<Record<string, Program>> = Object.fromEntries(TOOLS.map((name) => [name, runTool]));
