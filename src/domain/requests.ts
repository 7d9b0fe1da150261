/**
 * The fields in which two requests for one name differ, by their dotted paths. Two requests are the same when nothing differs: order of
 * object keys does not matter, order in lists does (it is the order of preference). What is not an object differs as a whole, as `request`.
 */
export function differingFields(a: unknown, b: unknown, path = ''): string[] {
  if (Object.is(a, b)) return [];
  if (!isRecord(a) || !isRecord(b)) return sameList(a, b) ? [] : [path || 'request'];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return keys.flatMap((key) => differingFields(a[key], b[key], path === '' ? key : `${path}.${key}`));
}

function sameList(a: unknown, b: unknown): boolean {
  return (
    Array.isArray(a) &&
    Array.isArray(b) &&
    a.length === b.length &&
    a.every((item, index) => differingFields(item, b[index], 'item').length === 0)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
