import { isFields, type Fields } from './exchange.ts';
import type { Placeholders } from './placeholders.ts';

// How an answer becomes one that may be shown. A list of what may stay, not of what must go: a value stays where its place is known to hold
// nothing of the account's and it has the form that belongs there; an identity becomes a placeholder; of everything else only the kind is left.

export type Shape = (value: unknown, to: Placeholders) => unknown;

/** Nobody's data: stays if it has this form. */
export function kept(form: RegExp): Shape {
  return (value, to) => (typeof value === 'string' && form.test(value) ? value : unknown(value, to));
}

export const number: Shape = (value, to) => (typeof value === 'number' ? value : unknown(value, to));

export function replaced(by: (to: Placeholders, value: string) => string): Shape {
  return (value, to) => (typeof value === 'string' ? by(to, value) : unknown(value, to));
}

export const secret: Shape = (value, to) => (typeof value === 'string' ? '(secret)' : unknown(value, to));

/** An object; what is not named here is unknown. */
export function fields(shapes: Readonly<Record<string, Shape>>): Shape {
  return (value, to) => {
    if (!isFields(value)) return unknown(value, to);
    return eachField(value, to, (name) => (Object.hasOwn(shapes, name) ? shapes[name] : undefined) ?? unknown);
  };
}

/** An object by keys that are nobody's, such as names of types. */
export function byKey(key: RegExp, shape: Shape): Shape {
  return (value, to) =>
    isFields(value) ? eachField(value, to, (name) => (key.test(name) ? shape : unknown)) : unknown(value, to);
}

/** The first few, and of the others those that are ours. */
export function list(shape: Shape, most = Infinity, isOurs: (item: Fields) => boolean = () => false): Shape {
  return (value, to) => {
    if (!Array.isArray(value)) return unknown(value, to);
    const items = (value as readonly unknown[]).filter((item, at) => at < most || (isFields(item) && isOurs(item)));
    return items.map((item) => shape(item, to));
  };
}

/** Of what nobody has told us about, its kind. */
export const unknown: Shape = (value, to) => {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') return 0;
  if (typeof value === 'string') return `(string of ${value.length} characters)`;
  if (Array.isArray(value)) return (value as readonly unknown[]).slice(0, 2).map((item) => unknown(item, to));
  if (isFields(value)) return eachField(value, to, () => unknown);
  return undefined;
};

/** A field's name as Lambda writes them; anything else may be somebody's id. */
const FIELD_NAME = /^[a-z][a-z_]{0,40}$/;

function eachField(value: Fields, to: Placeholders, shapeOf: (name: string) => Shape): Fields {
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      const shape = shapeOf(name);
      const shown = shape !== unknown || FIELD_NAME.test(name) ? name : to.word('field', name);
      return [shown, item === null ? null : shape(item, to)];
    }),
  );
}
