/** The name of a value of a generated enum; `UNKNOWN` for one that this version does not have, which proto3 allows to arrive. */
export function enumName<E extends Readonly<Record<string, string | number>>>(
  enumeration: E,
  value: number,
): Extract<keyof E, string> | 'UNKNOWN' {
  const entry = Object.entries(enumeration).find(([, each]) => each === value);
  return (entry?.[0] as Extract<keyof E, string> | undefined) ?? 'UNKNOWN';
}
