/** One line without control characters: what comes from machines and clouds must not steer the terminal, or look like several messages. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
}

/** At most so many characters, the last of them an ellipsis if something was left out. */
export function shortened(text: string, width: number): string {
  if (text.length <= width) return text;
  return width < 2 ? '' : `${text.slice(0, width - 1)}…`;
}

/** A list of names and values; rows without a value are left out. */
export function alignedList(rows: readonly (readonly [string, string | undefined])[]): string {
  const shown = rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, oneLine(value)] as const]));
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

/** Columns as wide as their widest cell; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(oneLine));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

export function usdPerHour(price: number): string {
  return `$${price.toFixed(2)}/h`;
}
