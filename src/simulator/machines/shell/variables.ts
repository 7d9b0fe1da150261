import { ExpansionError } from './outcomes.ts';

/** A shell variable: one value, or elements by index or by key. */
export interface Variable {
  value: string | undefined;
  /** Arrays only; the keys of an indexed array are decimal numbers. */
  elements: Map<string, string> | undefined;
  associative: boolean;
  exported: boolean;
  readonly: boolean;
  integer: boolean;
}

/** The variables of one shell. `local` hides what a name meant until the function returns. */
export class Variables {
  #variables = new Map<string, Variable>();
  readonly #frames: Map<string, Variable | undefined>[] = [];
  /** Values that are made when they are asked for: `$RANDOM`, `$SECONDS`. */
  readonly #computed: ReadonlyMap<string, () => string>;

  constructor(computed: ReadonlyMap<string, () => string>) {
    this.#computed = computed;
  }

  /** A copy for a subshell: what happens there stays there. */
  copy(): Variables {
    const copy = new Variables(this.#computed);
    for (const [name, variable] of this.#variables) {
      copy.#variables.set(name, { ...variable, elements: variable.elements && new Map(variable.elements) });
    }
    return copy;
  }

  find(name: string): Variable | undefined {
    return this.#variables.get(name);
  }

  get(name: string): string | undefined {
    const computed = this.#computed.get(name);
    if (computed !== undefined) return computed();
    const variable = this.#variables.get(name);
    if (variable?.elements !== undefined) return variable.elements.get('0');
    return variable?.value;
  }

  set(name: string, value: string): void {
    const variable = this.declare(name);
    requireWritable(name, variable);
    if (variable.elements !== undefined) variable.elements.set('0', value);
    else variable.value = value;
  }

  setElement(name: string, key: string, value: string): void {
    const variable = this.declare(name);
    requireWritable(name, variable);
    this.makeArray(variable).set(key, value);
  }

  setArray(name: string, elements: Map<string, string>): void {
    const variable = this.declare(name);
    requireWritable(name, variable);
    variable.value = undefined;
    variable.elements = elements;
  }

  /** Makes an array of a variable; a value it had becomes element 0. */
  makeArray(variable: Variable): Map<string, string> {
    variable.elements ??= variable.value === undefined ? new Map() : new Map([['0', variable.value]]);
    variable.value = undefined;
    return variable.elements;
  }

  unset(name: string, key?: string): void {
    const variable = this.#variables.get(name);
    if (variable === undefined) return;
    requireWritable(name, variable);
    if (key === undefined) this.#variables.delete(name);
    else variable.elements?.delete(key);
  }

  /** The variable of this name, made without a value if there is none. */
  declare(name: string): Variable {
    let variable = this.#variables.get(name);
    if (variable === undefined) {
      variable = emptyVariable();
      this.#variables.set(name, variable);
    }
    return variable;
  }

  names(): string[] {
    return [...this.#variables.keys()].sort();
  }

  environment(): Map<string, string> {
    const environment = new Map<string, string>();
    for (const [name, variable] of this.#variables) {
      if (variable.exported && variable.value !== undefined) environment.set(name, variable.value);
    }
    return environment;
  }

  /** A function begins. */
  pushFrame(): void {
    this.#frames.push(new Map());
  }

  /** It returned: what it made local means again what it meant before. */
  popFrame(): void {
    for (const [name, before] of this.#frames.pop() ?? []) {
      if (before === undefined) this.#variables.delete(name);
      else this.#variables.set(name, before);
    }
  }

  get inFunction(): boolean {
    return this.#frames.length > 0;
  }

  /** A new variable of this name for the function that runs now. */
  declareLocal(name: string): Variable {
    const frame = this.#frames.at(-1);
    if (frame === undefined || frame.has(name)) return this.declare(name);
    const before = this.#variables.get(name);
    frame.set(name, before);
    const variable = { ...emptyVariable(), exported: before?.exported ?? false };
    this.#variables.set(name, variable);
    return variable;
  }
}

function emptyVariable(): Variable {
  return {
    value: undefined,
    elements: undefined,
    associative: false,
    exported: false,
    readonly: false,
    integer: false,
  };
}

function requireWritable(name: string, variable: Variable): void {
  if (variable.readonly) throw new ExpansionError(`${name}: readonly variable`);
}
