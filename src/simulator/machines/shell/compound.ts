import { unlessAborted } from '../io/wait.ts';
import { evaluateArithmetic } from './arithmetic.ts';
import type { Compound, CompoundNode, StatementNode } from './ast.ts';
import { evaluateCondition } from './conditions.ts';
import { ExpansionError, LoopControl } from './outcomes.ts';
import { matchesPattern } from './patterns.ts';
import type { Shell } from './shell.ts';
import { forkSubshell } from './subshell.ts';
import { expandPattern, expandText, expandWords } from './words.ts';

/** Runs what is made of other commands: `if`, loops, `case`, groups, subshells, `[[ ]]`, `(( ))`. */
export async function runCompound(shell: Shell, node: CompoundNode): Promise<number> {
  switch (node.type) {
    case 'If':
      return runIf(shell, node);
    case 'For':
      return runFor(shell, node);
    case 'CStyleFor':
      return runCStyleFor(shell, node);
    case 'While':
      return runLoop(shell, node.body, () => holds(shell, node.condition, true));
    case 'Until':
      return runLoop(shell, node.body, () => holds(shell, node.condition, false));
    case 'Case':
      return runCase(shell, node);
    case 'Group':
      return shell.runtime.runStatements(shell, node.body);
    case 'Subshell': {
      const child = forkSubshell(shell, {}, (subshell) => shell.runtime.runStatements(subshell, node.body));
      return unlessAborted(child.exited, shell.process.signal);
    }
    case 'ArithmeticCommand':
      return arithmeticStatus(shell, async () => (await evaluateArithmetic(shell, node.expression)) !== 0);
    case 'ConditionalCommand':
      return arithmeticStatus(shell, () => evaluateCondition(shell, node.expression));
  }
}

/** A mistake in `(( ))` or `[[ ]]` is a failed command, not the script's end. */
async function arithmeticStatus(shell: Shell, evaluate: () => Promise<boolean>): Promise<number> {
  try {
    return (await evaluate()) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ExpansionError) || shell.options.nounset) throw error;
    await shell.complain(error.message);
    return 1;
  }
}

async function runIf(shell: Shell, node: Compound<'If'>): Promise<number> {
  for (const clause of node.clauses) {
    if (await holds(shell, clause.condition, true)) return shell.runtime.runStatements(shell, clause.body);
  }
  shell.lastStatus = 0;
  return node.elseBody === null ? 0 : shell.runtime.runStatements(shell, node.elseBody);
}

async function holds(shell: Shell, condition: readonly StatementNode[], wanted: boolean): Promise<boolean> {
  shell.failureExpected += 1;
  try {
    return ((await shell.runtime.runStatements(shell, condition)) === 0) === wanted;
  } finally {
    shell.failureExpected -= 1;
  }
}

async function runFor(shell: Shell, node: Compound<'For'>): Promise<number> {
  const values = node.words === null ? [...shell.positional] : await expandWords(shell, node.words);
  let next = 0;
  return runLoop(shell, node.body, () => {
    const value = values[next];
    if (value === undefined) return Promise.resolve(false);
    next += 1;
    shell.variables.set(node.variable, value);
    return Promise.resolve(true);
  });
}

async function runCStyleFor(shell: Shell, node: Compound<'CStyleFor'>): Promise<number> {
  if (node.init !== null) await evaluateArithmetic(shell, node.init);
  let first = true;
  return runLoop(shell, node.body, async () => {
    if (!first && node.update !== null) await evaluateArithmetic(shell, node.update);
    first = false;
    return node.condition === null || (await evaluateArithmetic(shell, node.condition)) !== 0;
  });
}

async function runLoop(shell: Shell, body: readonly StatementNode[], goesOn: () => Promise<boolean>): Promise<number> {
  let status = 0;
  shell.loopDepth += 1;
  try {
    while (await turn(shell, goesOn)) {
      if (await broken(shell, async () => (status = await shell.runtime.runStatements(shell, body)))) break;
    }
  } catch (error) {
    // `break` said in the condition.
    if (!(error instanceof LoopControl)) throw error;
    if (error.levels > 1) throw new LoopControl(error.kind, error.levels - 1);
  } finally {
    shell.loopDepth -= 1;
  }
  return status;
}

async function turn(shell: Shell, goesOn: () => Promise<boolean>): Promise<boolean> {
  shell.process.signal.throwIfAborted();
  return goesOn();
}

/** Runs a loop's body once; true if it said `break`. */
async function broken(shell: Shell, run: () => Promise<number>): Promise<boolean> {
  const depth = shell.loopDepth;
  try {
    await run();
    return false;
  } catch (error) {
    if (!(error instanceof LoopControl)) throw error;
    if (error.levels > 1 && depth > 1) throw new LoopControl(error.kind, error.levels - 1);
    return error.kind === 'break';
  }
}

async function runCase(shell: Shell, node: Compound<'Case'>): Promise<number> {
  const text = await expandText(shell, node.word);
  let status = 0;
  let falling = false;
  for (const item of node.items) {
    if (!falling && !(await matchesAny(shell, text, item.patterns))) continue;
    shell.lastStatus = 0;
    status = await shell.runtime.runStatements(shell, item.body);
    if (item.terminator === ';;') return status;
    falling = item.terminator === ';&';
  }
  return status;
}

async function matchesAny(
  shell: Shell,
  text: string,
  patterns: Compound<'Case'>['items'][number]['patterns'],
): Promise<boolean> {
  for (const pattern of patterns) {
    if (matchesPattern(text, await expandPattern(shell, pattern), shell.shopts.has('nocasematch'))) return true;
  }
  return false;
}
