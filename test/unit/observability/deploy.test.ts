import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { METRICS, type MetricDefinition } from '../../../src/domain/metrics.ts';
import { deployedQueries, readAlerts, readDashboard, type Dashboard } from '../../support/deployed-queries.ts';
import { readPromQl } from '../../support/promql.ts';

const queries = deployedQueries();
const definitions = Object.values<MetricDefinition>(METRICS);

/** On every series, by Prometheus or by the worker. */
const EVERYWHERE = ['account', 'instance', 'job', 'le'];
/** Beside our own labels, on what workflows record. */
const OF_WORKFLOWS = ['namespace', 'taskQueue', 'workflowType'];

function ours(selected: string): MetricDefinition | undefined {
  return definitions.find(({ name, type }) =>
    type === 'histogram' ? new RegExp(`^${name}_(bucket|sum|count)$`).test(selected) : name === selected,
  );
}

test.each(queries)('$from asks in PromQL, of metrics and labels that there are', ({ expr }) => {
  const { metrics, matchers, labels } = readPromQl(expr);
  const known = new Set(EVERYWHERE);
  for (const metric of metrics) {
    if (metric.startsWith('temporal_')) return; // those of the SDK are seen on a worker: test/contract/metrics.test.ts
    const definition = ours(metric);
    expect(definition, metric).toBeDefined();
    for (const label of Object.keys(definition?.labels ?? {})) known.add(label);
    if (definition?.by === 'workflow') OF_WORKFLOWS.forEach((label) => known.add(label));
  }
  for (const label of labels) expect([...known]).toContain(label);
  for (const { metric, label, value } of matchers) {
    const values = ours(metric)?.labels[label];
    if (values === undefined) continue;
    // Each word of a pattern is one that the label can say.
    for (const word of value.split('|')) expect(values).toContain(word);
  }
});

test('a gauge is never added up over workers, and a counter never looked at without its rate', () => {
  for (const { from, expr } of queries) {
    for (const { name, type, across } of definitions) {
      if (!expr.includes(`${name}{`) && !new RegExp(`${name}\\b`).test(expr)) continue;
      if (type === 'counter') expect(expr, from).toMatch(new RegExp(`(rate|increase)\\(${name}`));
      if (across === 'max') expect(expr, from).toMatch(new RegExp(`max by \\([\\w, ]+\\) \\(${name}`));
    }
  }
});

test('what is not PromQL, or names nothing, is found out', () => {
  expect(() => readPromQl('sum by (account (rate(x[5m]))')).toThrow('no PromQL');
  expect(() => readPromQl('rate(x_total[5m)')).toThrow('no PromQL');
  expect(() => readPromQl('1 > 0')).toThrow('it selects nothing');
  expect(readPromQl('max by (a) (x{b="c"}) / on (d) y')).toEqual({
    metrics: ['x', 'y'],
    matchers: [{ metric: 'x', label: 'b', value: 'c' }],
    labels: ['a', 'b', 'd'],
  });
});

test('Prometheus would take the rule file: what is misspelt is found out', () => {
  const alerts = readAlerts();
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  expect(() => readAlerts('groups: [{name: a, rules: [{alert: NavarchX, exp: up}]}]')).toThrow();
});

test('every alert leads to a place in the runbook that is there', () => {
  const page = readFileSync(new URL('../../../docs/runbook.md', import.meta.url), 'utf8');
  const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const { alert, annotations } of readAlerts()) {
    expect(anchors, alert).toContain(annotations.runbook_url.replace('docs/runbook.md#', ''));
  }
});

test("alerts speak of labels that their expression leaves, of account at least where it is not 'absent'", () => {
  for (const { alert, expr, annotations } of readAlerts()) {
    const left = readPromQl(expr).labels;
    const spoken = [...`${annotations.summary} ${annotations.description}`.matchAll(/\$labels\.(\w+)/g)];
    for (const [, label = ''] of spoken) expect([...left, 'instance'], alert).toContain(label);
  }
});

test('the dashboard is what its script writes', async () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const { exitCode } = await execa('node', ['scripts/generate-dashboard.mjs', '--check'], { cwd: root });
  expect(exitCode).toBe(0);
});

type Panel = Dashboard['panels'][number];

test('its panels have ids of their own, lie beside each other, and answer for every kind of trouble', () => {
  const { panels, templating } = readDashboard();
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'account']);
  const overlap = (a: Panel, b: Panel): boolean => {
    const [p, q] = [a.gridPos, b.gridPos];
    return p.x < q.x + q.w && q.x < p.x + p.w && p.y < q.y + q.h && q.y < p.y + p.h;
  };
  for (const panel of panels) {
    expect(panel.gridPos.x + panel.gridPos.w).toBeLessThanOrEqual(24);
    expect(panels.filter((other) => other !== panel && overlap(panel, other))).toEqual([]);
  }
});

test('every metric of ours is looked at by a panel or an alert', () => {
  const asked = queries.flatMap(({ expr }) => readPromQl(expr).metrics.map((metric) => ours(metric)?.name));
  const unseen = definitions.map(({ name }) => name).filter((name) => !asked.includes(name));
  expect(unseen).toEqual([
    // A counter beside the gauge that is looked at, and figures for questions that somebody may have.
    'navarch_provisioner_launches_settled_total',
    'navarch_provisioner_request_to_ready_seconds',
    'navarch_provisioner_attention_requests_total',
    'navarch_provisioner_sweeps_total',
    'navarch_provisioner_lambda_launch_interval_seconds',
  ]);
});
