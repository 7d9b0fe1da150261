import { parse } from 'just-bash';
import type { ArithmeticExpression, ArithmeticNode, WordNode } from './ast.ts';
import { ExpansionError, UnsetError } from './outcomes.ts';
import type { Shell } from './shell.ts';

/** Evaluates what stands between `$((` and `))`. Whole numbers; exact up to 2^53. */
export async function evaluateArithmetic(shell: Shell, node: ArithmeticNode): Promise<number> {
  return evaluate(shell, node.expression);
}

/** Evaluates a text as an expression: an index, `let`'s argument, an integer variable's value. */
export async function evaluateText(shell: Shell, text: string): Promise<number> {
  const trimmed = text.trim();
  if (trimmed === '') return 0;
  if (/^-?(0|[1-9]\d*)$/.test(trimmed)) return Number(trimmed);
  const command = parse(`((${trimmed}))`).statements[0]?.pipelines[0]?.commands[0];
  if (command?.type !== 'ArithmeticCommand') throw new ExpansionError(`${trimmed}: syntax error in expression`);
  return evaluate(shell, command.expression.expression);
}

async function evaluate(shell: Shell, node: ArithmeticExpression): Promise<number> {
  switch (node.type) {
    case 'ArithNumber':
      return node.value;
    case 'ArithSingleQuote':
      return node.value;
    case 'ArithVariable':
      return variable(shell, node.name);
    case 'ArithSpecialVar':
      return evaluateText(shell, await expandSource(shell, `$${node.name}`));
    case 'ArithBracedExpansion':
      return evaluateText(shell, await expandSource(shell, `\${${node.content}}`));
    case 'ArithCommandSubst':
      return evaluateText(shell, await expandSource(shell, `$(${node.command})`));
    case 'ArithArrayElement':
      return evaluateText(shell, (await element(shell, node)) ?? '');
    case 'ArithGroup':
    case 'ArithNested':
      return evaluate(shell, node.expression);
    case 'ArithTernary':
      return evaluate(shell, (await evaluate(shell, node.condition)) !== 0 ? node.consequent : node.alternate);
    case 'ArithUnary':
      return unary(shell, node);
    case 'ArithBinary':
      return binary(shell, node);
    case 'ArithAssignment':
      return assign(shell, node);
    case 'ArithConcat':
    case 'ArithDynamicAssignment':
    case 'ArithDynamicBase':
    case 'ArithDynamicElement':
    case 'ArithDynamicNumber':
    case 'ArithDoubleSubscript':
    case 'ArithNumberSubscript':
    case 'ArithSyntaxError':
      throw new ExpansionError('arithmetic syntax error: this expression is not simulated');
  }
}

type Node<Type extends ArithmeticExpression['type']> = Extract<ArithmeticExpression, { type: Type }>;

async function variable(shell: Shell, name: string): Promise<number> {
  const value = /^\d+$/.test(name) ? shell.positional[Number(name) - 1] : shell.variables.get(name);
  if (value === undefined && shell.options.nounset) throw new UnsetError(`${name}: unbound variable`);
  return evaluateText(shell, value ?? '');
}

async function element(shell: Shell, node: Node<'ArithArrayElement'>): Promise<string | undefined> {
  const key = node.stringKey ?? String(node.index === undefined ? 0 : await evaluate(shell, node.index));
  return shell.variables.find(node.array)?.elements?.get(key);
}

async function unary(shell: Shell, node: Node<'ArithUnary'>): Promise<number> {
  if (node.operator === '++' || node.operator === '--') {
    if (node.operand.type !== 'ArithVariable') throw new ExpansionError(`${node.operator}: needs a variable`);
    const before = await evaluate(shell, node.operand);
    const after = before + (node.operator === '++' ? 1 : -1);
    shell.variables.set(node.operand.name, String(after));
    return node.prefix ? after : before;
  }
  const operand = await evaluate(shell, node.operand);
  switch (node.operator) {
    case '-':
      return -operand;
    case '+':
      return operand;
    case '!':
      return operand === 0 ? 1 : 0;
    case '~':
      return ~operand;
  }
}

async function binary(shell: Shell, node: Node<'ArithBinary'>): Promise<number> {
  const left = await evaluate(shell, node.left);
  if (node.operator === '&&' && left === 0) return 0;
  if (node.operator === '||' && left !== 0) return 1;
  return calculate(node.operator, left, await evaluate(shell, node.right));
}

function calculate(operator: Node<'ArithBinary'>['operator'], left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      if (right === 0) throw new ExpansionError('division by 0');
      return Math.trunc(left / right);
    case '%':
      if (right === 0) throw new ExpansionError('division by 0');
      return left % right;
    case '**':
      return left ** right;
    case '<<':
      return Number(BigInt.asIntN(64, BigInt(left) << BigInt(right)));
    case '>>':
      return Number(BigInt(left) >> BigInt(right));
    case '&':
      return Number(BigInt(left) & BigInt(right));
    case '|':
      return Number(BigInt(left) | BigInt(right));
    case '^':
      return Number(BigInt(left) ^ BigInt(right));
    case '<':
      return Number(left < right);
    case '<=':
      return Number(left <= right);
    case '>':
      return Number(left > right);
    case '>=':
      return Number(left >= right);
    case '==':
      return Number(left === right);
    case '!=':
      return Number(left !== right);
    case '&&':
    case '||':
      return Number(right !== 0);
    case ',':
      return right;
  }
}

async function assign(shell: Shell, node: Node<'ArithAssignment'>): Promise<number> {
  const subscript = node.subscript === undefined ? undefined : String(await evaluate(shell, node.subscript));
  const key = node.stringKey ?? subscript;
  let value = await evaluate(shell, node.value);
  if (node.operator !== '=') {
    const before =
      key === undefined ? shell.variables.get(node.variable) : shell.variables.find(node.variable)?.elements?.get(key);
    const operator = node.operator.slice(0, -1) as Node<'ArithBinary'>['operator'];
    value = calculate(operator, await evaluateText(shell, before ?? ''), value);
  }
  if (key === undefined) shell.variables.set(node.variable, String(value));
  else shell.variables.setElement(node.variable, key, String(value));
  return value;
}

async function expandSource(shell: Shell, source: string): Promise<string> {
  const command = parse(`: "${source}"`).statements[0]?.pipelines[0]?.commands[0];
  const word: WordNode | undefined = command?.type === 'SimpleCommand' ? command.args[0] : undefined;
  return word === undefined ? '' : shell.runtime.expandText(shell, word);
}
