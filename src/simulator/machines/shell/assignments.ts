import { evaluateText } from './arithmetic.ts';
import type { Assignment, WordNode, WordPart } from './ast.ts';
import { elementKey } from './parameters.ts';
import type { Shell } from './shell.ts';
import { expandText, expandWords } from './words.ts';

/** Does the assignments that stand before a command, or alone. */
export async function assignAll(shell: Shell, assignments: readonly Assignment[]): Promise<void> {
  for (const assignment of assignments) await assign(shell, assignment);
}

/** An argument of `declare` and its kin that makes an array, `name=(…)`: the parser leaves it one word. undefined if it is none. */
export function arrayArgument(word: WordNode): Assignment | undefined {
  const first = word.parts[0];
  const last = word.parts.at(-1);
  const head = first?.type === 'Literal' ? /^([A-Za-z_]\w*)(\+?)=\(/.exec(first.value) : null;
  if (head === null || last?.type !== 'Literal' || !last.value.endsWith(')')) return undefined;
  const items: WordPart[][] = [[]];
  for (const [index, part] of word.parts.entries()) {
    if (part.type !== 'Literal') {
      items.at(-1)?.push(part);
      continue;
    }
    let text = part.value;
    if (index === word.parts.length - 1) text = text.slice(0, -1);
    if (index === 0) text = text.slice(head[0].length);
    for (const [piece, value] of text.split(/\s+/).entries()) {
      if (piece > 0) items.push([]);
      if (value !== '') items.at(-1)?.push({ type: 'Literal', value });
    }
  }
  const array = items.filter((parts) => parts.length > 0).map((parts): WordNode => ({ type: 'Word', parts }));
  return { type: 'Assignment', name: head[1] ?? '', value: null, append: head[2] === '+', array };
}

/** `name=value` in one text, as declaring builtins get it. */
export async function assignText(shell: Shell, text: string): Promise<void> {
  const scalar = /^([A-Za-z_]\w*(?:\[[^\]]*\])?)(\+?)=([\s\S]*)$/.exec(text);
  if (scalar !== null) await store(shell, scalar[1] ?? '', scalar[3] ?? '', scalar[2] === '+');
}

async function assign(shell: Shell, assignment: Assignment): Promise<void> {
  if (assignment.array !== null) {
    await assignArray(shell, assignment.name, assignment.array, assignment.append);
    return;
  }
  const value = assignment.value === null ? '' : await expandText(shell, assignment.value);
  await store(shell, assignment.name, value, assignment.append);
}

async function store(shell: Shell, target: string, value: string, append: boolean): Promise<void> {
  const element = /^([A-Za-z_]\w*)\[([\s\S]*)\]$/.exec(target);
  const name = element?.[1] ?? target;
  const variable = shell.variables.declare(name);
  if (shell.options.allexport) variable.exported = true;
  const before = append ? ((await valueOf(shell, element, name)) ?? '') : '';
  const after = variable.integer
    ? String(await evaluateText(shell, append ? `(${before === '' ? 0 : before})+(${value})` : value))
    : `${before}${value}`;
  if (element === null) shell.variables.set(name, after);
  else shell.variables.setElement(name, await elementKey(shell, name, element[2] ?? ''), after);
}

async function valueOf(shell: Shell, element: RegExpExecArray | null, name: string): Promise<string | undefined> {
  if (element === null) return shell.variables.get(name);
  const key = await elementKey(shell, name, element[2] ?? '');
  return shell.variables.find(name)?.elements?.get(key);
}

async function assignArray(shell: Shell, name: string, items: readonly WordNode[], append: boolean): Promise<void> {
  const variable = shell.variables.declare(name);
  const elements = append ? new Map(shell.variables.makeArray(variable)) : new Map<string, string>();
  let next = Math.max(-1, ...[...elements.keys()].map(Number).filter(Number.isInteger)) + 1;
  for (const item of items) {
    const keyed = await keyedItem(shell, item);
    if (keyed !== undefined) {
      const key = variable.associative ? keyed.key : String(await evaluateText(shell, keyed.key));
      elements.set(key, keyed.value);
      if (!variable.associative) next = Number(key) + 1;
      continue;
    }
    for (const value of await expandWords(shell, [item])) {
      elements.set(String(next), value);
      next += 1;
    }
  }
  shell.variables.setArray(name, elements);
}

/** `[key]=value` inside the parentheses of an array. */
async function keyedItem(shell: Shell, item: WordNode): Promise<{ key: string; value: string } | undefined> {
  const [first] = item.parts;
  const opens =
    (first?.type === 'Glob' && first.pattern.startsWith('[')) ||
    (first?.type === 'Literal' && first.value.startsWith('['));
  if (!opens) return undefined;
  const match = /^\[([^\]]*)\]=([\s\S]*)$/.exec(await expandText(shell, item));
  return match === null ? undefined : { key: match[1] ?? '', value: match[2] ?? '' };
}
