import { unlessAborted } from '../io/wait.ts';
import { findProgram, runProgram } from '../processes/programs.ts';
import type { Process } from '../processes/process.ts';
import { arrayArgument, assignAll } from './assignments.ts';
import type { FunctionNode, SimpleCommandNode, WordNode } from './ast.ts';
import { BUILTINS } from './builtins/index.ts';
import { ExpansionError, RedirectionError, ShellExit, ShellReturn } from './outcomes.ts';
import { quoteForShell } from './parameter-operations.ts';
import { applyChanges, expandRedirections, withChanges } from './redirections.ts';
import type { Change } from './redirections.ts';
import type { Shell } from './shell.ts';
import { expandText, expandWords } from './words.ts';

/** How deep functions may call each other before it is taken for a mistake. */
const MAX_FUNCTION_DEPTH = 500;

/** Builtins whose `name=value` arguments are assignments, and so not cut into fields. */
const DECLARATIONS: ReadonlySet<string> = new Set(['declare', 'export', 'local', 'readonly', 'typeset']);

type CallFunction = (shell: Shell, node: FunctionNode) => Promise<number>;

/** Runs a command with a name: a function, a builtin, or a program; or assignments alone. */
export async function runSimpleCommand(
  shell: Shell,
  node: SimpleCommandNode,
  inPlace: boolean,
  callFunction: CallFunction,
): Promise<number> {
  shell.takeSubstitutionStatus();
  const words = node.name === null ? [] : await expandCommand(shell, node.name, node.args);
  const changes = await expandRedirections(shell, node.redirections);
  if (words.length === 0) {
    await withChanges(shell.process, changes, () => assignAll(shell, node.assignments));
    return shell.takeSubstitutionStatus();
  }
  if (shell.options.xtrace) await shell.process.print(`+ ${words.map(quoteForShell).join(' ')}\n`, 2);
  const plain = withoutCommandPrefix(words);
  const [name = '', ...args] = plain;
  if (name === 'exec') return exec(shell, node, args, changes);

  const definition = plain.length === words.length ? shell.functions.get(name) : undefined;
  const builtin = BUILTINS.get(name);
  if (definition === undefined && builtin === undefined) return runExternal(shell, node, plain, changes, inPlace);
  return withChanges(shell.process, changes, () =>
    withAssignments(shell, node, async () => {
      if (definition !== undefined) return enterFunction(shell, definition, args, callFunction);
      if (builtin === undefined) return 127;
      const status = await builtin(shell, args);
      if (DECLARATIONS.has(name))
        await assignAll(
          shell,
          node.args.flatMap((arg) => arrayArgument(arg) ?? []),
        );
      return status;
    }),
  );
}

async function expandCommand(shell: Shell, name: WordNode, args: readonly WordNode[]): Promise<string[]> {
  const words = await expandWords(shell, [name]);
  if (words[0] === undefined || !DECLARATIONS.has(words[0])) return [...words, ...(await expandWords(shell, args))];
  for (const arg of args) {
    const array = arrayArgument(arg);
    if (array !== undefined) {
      // The builtin declares the name; its elements are assigned after.
      words.push(array.name);
      continue;
    }
    const [first] = arg.parts;
    const assigns = first?.type === 'Literal' && /^[A-Za-z_]\w*(\[[^\]]*\])?\+?=/.test(first.value);
    if (assigns) words.push(await expandText(shell, arg));
    else words.push(...(await expandWords(shell, [arg])));
  }
  return words;
}

/** `command x` and `builtin x` mean x, but never a function. (`command -v x` is a builtin's own.) */
function withoutCommandPrefix(words: readonly string[]): readonly string[] {
  const [first, second] = words;
  const skips = (first === 'command' || first === 'builtin') && second !== undefined && !second.startsWith('-');
  return skips ? withoutCommandPrefix(words.slice(1)) : words;
}

async function withAssignments(shell: Shell, node: SimpleCommandNode, body: () => Promise<number>): Promise<number> {
  if (node.assignments.length === 0) return body();
  shell.variables.pushFrame();
  try {
    for (const { name } of node.assignments) shell.variables.declareLocal(name).exported = true;
    await assignAll(shell, node.assignments);
    return await body();
  } finally {
    shell.variables.popFrame();
  }
}

async function enterFunction(
  shell: Shell,
  node: FunctionNode,
  args: readonly string[],
  callFunction: CallFunction,
): Promise<number> {
  if (shell.functionDepth >= MAX_FUNCTION_DEPTH) throw new ExpansionError(`${node.name}: functions nested too deeply`);
  const before = { positional: shell.positional, loopDepth: shell.loopDepth };
  shell.positional = args;
  shell.loopDepth = 0;
  shell.functionDepth += 1;
  shell.returnDepth += 1;
  shell.variables.pushFrame();
  try {
    return await callFunction(shell, node);
  } catch (error) {
    if (error instanceof ShellReturn) return error.exitCode;
    throw error;
  } finally {
    shell.variables.popFrame();
    shell.positional = before.positional;
    shell.loopDepth = before.loopDepth;
    shell.functionDepth -= 1;
    shell.returnDepth -= 1;
  }
}

async function runExternal(
  shell: Shell,
  node: SimpleCommandNode,
  words: readonly string[],
  changes: readonly Change[],
  inPlace: boolean,
): Promise<number> {
  const env = await environmentFor(shell, node);
  if (inPlace) {
    applyChanges(shell.process, changes);
    return execute(shell, shell.process, words, env);
  }
  const child = shell.process.system.processes.fork(shell.process, {}, async (process) => {
    try {
      applyChanges(process, changes);
    } catch (error) {
      if (!(error instanceof RedirectionError)) throw error;
      return process.fail(`${shell.name}: line ${shell.line}: ${error.message}`);
    }
    return execute(shell, process, words, env);
  });
  return unlessAborted(child.exited, shell.process.signal);
}

/** Turns `process`, which is the shell or its fork, into the program. */
async function execute(
  shell: Shell,
  process: Process,
  words: readonly string[],
  env: Map<string, string>,
): Promise<number> {
  process.env = env;
  process.handlers.clear();
  const [name = ''] = words;
  const found = findProgram(process, name, env.get('PATH') ?? shell.variables.get('PATH'));
  if (found.kind === 'missing') {
    await process.print(`${shell.name}: line ${shell.line}: ${name}: ${found.text}\n`, 2);
    return found.exitCode;
  }
  return runProgram(process, found.path, words);
}

async function environmentFor(shell: Shell, node: SimpleCommandNode): Promise<Map<string, string>> {
  if (node.assignments.length === 0) return shell.variables.environment();
  shell.variables.pushFrame();
  try {
    for (const { name } of node.assignments) shell.variables.declareLocal(name).exported = true;
    await assignAll(shell, node.assignments);
    return shell.variables.environment();
  } finally {
    shell.variables.popFrame();
  }
}

/** `exec`: with a program, the shell becomes it; without, the redirections stay. */
async function exec(
  shell: Shell,
  node: SimpleCommandNode,
  args: readonly string[],
  changes: readonly Change[],
): Promise<number> {
  const words = args[0] === '-a' ? args.slice(2) : args.filter((arg, index) => index > 0 || !/^-[cl]+$/.test(arg));
  applyChanges(shell.process, changes);
  if (words.length === 0) {
    await assignAll(shell, node.assignments);
    return 0;
  }
  shell.traps.clear();
  throw new ShellExit(await execute(shell, shell.process, words, await environmentFor(shell, node)));
}
