import { METRICS, type MetricDefinition } from '../../src/domain/metrics.ts';

const ACROSS: Readonly<Record<MetricDefinition['across'], string>> = {
  sum: '`sum`',
  max: '`max`',
  min: '`min`',
  each: 'each for itself',
};

/** The table of docs/metrics.md, as the code has it. */
export function metricsTable(): string {
  const rows = Object.values<MetricDefinition>(METRICS).map(({ name, type, unit, labels, help, across }) => {
    const says = Object.entries(labels).map(([label, values]) => `\`${label}\`: ${values.join(', ')}`);
    return `| \`${name}\` | ${type} | ${unit === 's' ? 'seconds' : 'count'} | ${says.join('; ') || '–'} | ${ACROSS[across]} | ${help} |`;
  });
  return ['| metric | type | unit | labels | several workers | meaning |', '|---|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}
