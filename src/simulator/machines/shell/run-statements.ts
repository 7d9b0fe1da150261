import { NullFile } from '../io/null-file.ts';
import type { OpenFile } from '../io/open-file.ts';
import { createPipe } from '../io/pipe.ts';
import { unlessAborted, yieldToOthers } from '../io/wait.ts';
import type { Process } from '../processes/process.ts';
import type { PipelineNode, StatementNode } from './ast.ts';
import { ShellExit } from './outcomes.ts';
import { runCommand } from './run-command.ts';
import type { Shell } from './shell.ts';
import { forkSubshell } from './subshell.ts';

/** A loop that never waits lets others run after so many statements. */
const STATEMENTS_BETWEEN_YIELDS = 100;

export async function runStatements(shell: Shell, statements: readonly StatementNode[]): Promise<number> {
  for (const statement of statements) await runStatement(shell, statement);
  return shell.lastStatus;
}

async function runStatement(shell: Shell, statement: StatementNode): Promise<void> {
  shell.process.signal.throwIfAborted();
  shell.statementsRun += 1;
  if (shell.statementsRun % STATEMENTS_BETWEEN_YIELDS === 0) await yieldToOthers();
  await runPendingTraps(shell);
  if (statement.deferredError !== undefined) {
    await shell.complain(`syntax error near unexpected token \`${statement.deferredError.token}'`);
    throw new ShellExit(2);
  }
  if (shell.options.noexec) return;
  if (statement.background) {
    startBackground(shell, statement);
    shell.lastStatus = 0;
    return;
  }
  for (const [index, pipeline] of statement.pipelines.entries()) {
    const operator = statement.operators[index - 1];
    if (operator === '&&' && shell.lastStatus !== 0) continue;
    if (operator === '||' && shell.lastStatus === 0) continue;
    await runInList(shell, pipeline, index === statement.pipelines.length - 1);
  }
  await runPendingTraps(shell);
}

async function runInList(shell: Shell, pipeline: PipelineNode, last: boolean): Promise<void> {
  const expected = !last || pipeline.negated;
  if (expected) shell.failureExpected += 1;
  try {
    const status = await runPipeline(shell, pipeline);
    shell.lastStatus = pipeline.negated ? Number(status === 0) : status;
  } finally {
    if (expected) shell.failureExpected -= 1;
  }
  if (shell.lastStatus !== 0 && !expected && failsByItself(pipeline)) await onFailure(shell);
}

/** A loop, a group or an `if` fails because of a command inside, which was judged already. */
function failsByItself(pipeline: PipelineNode): boolean {
  const [only] = pipeline.commands;
  if (pipeline.commands.length !== 1 || only === undefined) return true;
  return ['SimpleCommand', 'Subshell', 'ArithmeticCommand', 'ConditionalCommand'].includes(only.type);
}

async function onFailure(shell: Shell): Promise<void> {
  if (shell.failureExpected > 0) return;
  const status = shell.lastStatus;
  const trap = shell.traps.get('ERR');
  if (trap !== undefined && (shell.functionDepth === 0 || shell.options.errtrace)) {
    shell.failureExpected += 1;
    await shell.runtime.runText(shell, trap);
    shell.failureExpected -= 1;
    shell.lastStatus = status;
  }
  if (shell.options.errexit) throw new ShellExit(status);
}

export async function runPendingTraps(shell: Shell): Promise<void> {
  for (let trap = shell.pendingTraps.shift(); trap !== undefined; trap = shell.pendingTraps.shift()) {
    const status = shell.lastStatus;
    await shell.runtime.runText(shell, trap);
    shell.lastStatus = status;
  }
}

async function runPipeline(shell: Shell, pipeline: PipelineNode): Promise<number> {
  const [only] = pipeline.commands;
  if (only === undefined) return 0;
  const statuses = pipeline.commands.length === 1 ? [await runCommand(shell, only)] : await runPiped(shell, pipeline);
  shell.variables.setArray('PIPESTATUS', new Map(statuses.map((status, index) => [String(index), String(status)])));
  if (shell.options.pipefail) return statuses.findLast((status) => status !== 0) ?? 0;
  return statuses.at(-1) ?? 0;
}

/** Runs every command of a pipeline at once, each in a process of its own, joined by pipes. */
async function runPiped(shell: Shell, pipeline: PipelineNode): Promise<number[]> {
  const children: Process[] = [];
  let input: OpenFile | undefined;
  for (const [index, command] of pipeline.commands.entries()) {
    const files = new Map(shell.process.files);
    const pipe = index < pipeline.commands.length - 1 ? createPipe() : undefined;
    if (input !== undefined) files.set(0, input);
    if (pipe !== undefined) {
      files.set(1, pipe.writer);
      if (pipeline.pipeStderr?.[index] === true) files.set(2, pipe.writer);
    }
    children.push(forkSubshell(shell, { files }, (subshell) => runCommand(subshell, command, true)));
    input?.release();
    pipe?.writer.release();
    input = pipe?.reader;
  }
  return Promise.all(children.map((child) => unlessAborted(child.exited, shell.process.signal)));
}

/** `… &`: runs on its own, reading nothing, in a process whose number is `$!`. */
function startBackground(shell: Shell, statement: StatementNode): void {
  const nothing = new NullFile();
  const files = new Map(shell.process.files).set(0, nothing);
  const [pipeline] = statement.pipelines;
  const [command] = pipeline?.commands ?? [];
  const single = statement.pipelines.length === 1 && pipeline?.commands.length === 1 && !pipeline.negated;
  const child = forkSubshell(shell, { files }, (subshell) => {
    subshell.process.ignored.add('INT').add('QUIT');
    // A single program takes the subshell's place, so that `$!` is the program's own number.
    if (single && command !== undefined) return runCommand(subshell, command, true);
    return runStatements(subshell, [{ ...statement, background: false }]);
  });
  nothing.release();
  shell.lastBackground = child.pid;
  shell.children.set(child.pid, child.exited);
}
