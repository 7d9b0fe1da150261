import { Table } from 'console-table-printer';
import type { Circumstances } from './machine.ts';
import { isMet, type Bound, type Figure, type Row, type Size } from './figure.ts';

/** What became of one figure. */
export interface Outcome {
  readonly figure: Figure;
  readonly seconds: number;
  readonly rows: readonly Row[];
  /** It could not be measured. */
  readonly error?: string;
}

const LONGEST_CELL = 60;

/** For people. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const table = new Table({
    shouldDisableColors: true,
    columns: [
      { name: 'figure', alignment: 'left' },
      { name: 'what', alignment: 'left', maxLen: LONGEST_CELL },
      { name: 'target', alignment: 'right' },
      { name: 'measured', alignment: 'right' },
      { name: 'met', alignment: 'left' },
    ],
  });
  for (const { figure, rows, error } of outcomes) {
    for (const row of rows) {
      const { label, measured, unit, bound } = row;
      table.addRow({
        figure: figure.name,
        what: label,
        target: bound === undefined ? '' : shownBound(bound, unit),
        measured: shown(measured, unit),
        met: { true: 'met', false: 'MISSED', undefined: '' }[String(isMet(row)) as 'true' | 'false' | 'undefined'],
      });
    }
    if (error !== undefined)
      table.addRow({ figure: figure.name, what: error, target: '', measured: '', met: 'FAILED' });
  }
  return table.render();
}

/** For programs, and to be kept. */
export function jsonOf(circumstances: Circumstances, size: Size, outcomes: readonly Outcome[]): string {
  const figures = outcomes.map(({ figure: { name, title, target }, seconds, rows, error }) => ({
    ...{ name, title, target, seconds },
    ...(error === undefined ? {} : { error }),
    rows: rows.map((row) => ({ ...row, met: isMet(row) })),
  }));
  return `${JSON.stringify({ ...circumstances, size, figures }, undefined, 2)}\n`;
}

export function isMissed({ rows }: Outcome): boolean {
  return rows.some((row) => isMet(row) === false);
}

function shown(value: number, unit = ''): string {
  const text = Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) >= 100 ? 0 : 2);
  return unit === '' || unit === '%' ? `${text}${unit}` : `${text} ${unit}`;
}

function shownBound(bound: Bound, unit: string | undefined): string {
  if ('atMost' in bound) return `≤ ${shown(bound.atMost, unit)}`;
  if ('atLeast' in bound) return `≥ ${shown(bound.atLeast, unit)}`;
  return shown(bound.exactly, unit);
}
