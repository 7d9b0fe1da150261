// Writes deploy/grafana/navarch-provisioner.json, the dashboard: `node scripts/generate-dashboard.mjs`, or with --check says whether it is
// what this script would write. A panel is a line here; where each stands follows from their order.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILE = join(fileURLToPath(new URL('..', import.meta.url)), 'deploy', 'grafana', 'navarch-provisioner.json');

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

const OURS = 'navarch_provisioner_';
const ACCOUNT = 'account=~"$account"';

/** One of ours, of the accounts that are chosen. */
const of = (name, matchers = '') => `${OURS}${name}{${[ACCOUNT, matchers].filter(Boolean).join(', ')}}`;
const gauge = (name, by = '', matchers = '') => `max by (${list('account', by)}) (${of(name, matchers)})`;
const rate = (name, by = '', matchers = '') => `${sumBy(by)} (rate(${of(name, matchers)}[$__rate_interval]))`;
const increase = (name, by = '', matchers = '') => `${sumBy(by)} (increase(${of(name, matchers)}[$__range]))`;
const quantile = (q, name, by = '') =>
  `histogram_quantile(${q}, sum by (${list('le', by)}) (rate(${of(`${name}_bucket`)}[$__range])))`;
const temporal = (name, matchers = '') => `temporal_${name}{${[ACCOUNT, matchers].filter(Boolean).join(', ')}}`;
const sumBy = (by) => (by === '' ? 'sum' : `sum by (${by})`);
const list = (...labels) => labels.filter(Boolean).join(', ');

const bothQuantiles = (name) => [
  [quantile(0.5, name), 'half of them'],
  [quantile(0.95, name), '95 of 100'],
];

const ROWS = [
  {
    title: 'What there is',
    panels: [
      stat('Need a person', gauge('nodes_needing_attention'), {
        bad: 1,
        text: 'Workflows marked NavarchNeedsAttention.',
      }),
      stat('Workers ready', `sum(${of('ready')})`, { text: 'What /readyz of each says.' }),
      stat(
        'Share of the request budget',
        `${rate('lambda_requests_total', 'account')} * on (account) ${gauge('lambda_request_interval_seconds')}`,
        {
          unit: 'percentunit',
          bad: 0.95,
          text: 'All workers together, of what LAMBDA_REQUEST_INTERVAL allows.',
        },
      ),
      stat('Orphans and suspects', `sum(${gauge('sweep_instances', 'verdict', 'verdict=~"suspected|orphan"')})`, {
        bad: 1,
        text: "Instances without an owner at the Schedule's last sweep.",
      }),
      graph('Nodes', [[gauge('nodes', 'state'), '{{state}}']], {
        text: 'Counted by Temporal.',
        stacked: true,
        wide: true,
      }),
    ],
  },
  {
    title: 'Provisions',
    panels: [
      graph('Wait for capacity', bothQuantiles('capacity_wait_seconds'), {
        unit: 's',
        text: 'Each stay in the line, over the range shown. A long wait shows when it ends: see also "Nodes".',
      }),
      graph('From launch to ready', bothQuantiles('launch_to_ready_seconds'), { unit: 's' }),
      graph('Where the time goes', [[quantile(0.5, 'phase_duration_seconds', 'phase'), '{{phase}}']], {
        unit: 's',
        text: 'Median by phase, over the range shown.',
      }),
      bars(
        'Launches',
        [[increase('launches_total', 'outcome'), '{{outcome}}']],
        'By the answer, over the range shown.',
      ),
      bars('Provisions that ended', [[increase('provisions_total', 'outcome'), '{{outcome}}']]),
      bars('Unwinds', [
        [increase('unwinds_started_total', 'reason'), 'started: {{reason}}'],
        [increase('unwinds_finished_total', 'reason'), 'proven: {{reason}}'],
      ]),
    ],
  },
  {
    title: 'Lambda',
    panels: [
      graph('Requests', [[rate('lambda_requests_total', 'operation'), '{{operation}}']], {
        unit: 'reqps',
        stacked: true,
      }),
      graph('Answers that are not 2xx', [[rate('lambda_requests_total', 'status', 'status!="2xx"'), '{{status}}']], {
        unit: 'reqps',
        text: '429: somebody else uses the account, too. 4xx: refusals for capacity among them.',
      }),
      graph('429s', [[`sum(${`increase(${of('lambda_rate_limited_total')}[$__rate_interval])`})`, '429s']], {}),
      graph('Time to answer', [[quantile(0.95, 'lambda_request_duration_seconds', 'operation'), '{{operation}}']], {
        unit: 's',
        text: '95 of 100, over the range shown.',
      }),
      graph('Waiting for the pace', [[quantile(0.95, 'lambda_pacing_wait_seconds', 'operation'), '{{operation}}']], {
        unit: 's',
        text: 'In the worker, 95 of 100. Most of the wait is in the task queue: see "Activities wait".',
      }),
    ],
  },
  {
    title: 'Sweeps',
    panels: [
      graph('Instances of ours, by verdict', [[gauge('sweep_instances', 'verdict'), '{{verdict}}']], { stacked: true }),
      graph('Left to a person', [[gauge('sweep_troubles', 'kind'), '{{kind}}']], {}),
      graph('Since the last sweep', [[`time() - ${gauge('sweep_timestamp_seconds')}`, '{{account}}']], { unit: 's' }),
      bars('Orphans', [
        [increase('orphans_found_total'), 'found'],
        [increase('orphans_ended_total'), 'asked to end'],
        [increase('orphans_proven_total'), 'proven gone'],
      ]),
    ],
  },
  {
    title: 'Workers and Temporal',
    panels: [
      graph(
        'Workflow tasks wait',
        [
          [
            `histogram_quantile(0.95, sum by (le, task_queue) (rate(${temporal('workflow_task_schedule_to_start_latency_bucket')}[$__rate_interval])))`,
            '{{task_queue}}',
          ],
        ],
        { unit: 's', text: 'Until a worker takes them: more than a second means too few workers.' },
      ),
      graph(
        'Activities wait',
        [
          [
            `histogram_quantile(0.95, sum by (le, task_queue) (rate(${temporal('activity_schedule_to_start_latency_bucket')}[$__rate_interval])))`,
            '{{task_queue}}',
          ],
        ],
        { unit: 's', text: "On the queue that ends in -lambda it is mostly the wait for the account's budget." },
      ),
      graph(
        'Pollers',
        [[`sum by (task_queue, poller_type) (${temporal('num_pollers')})`, '{{task_queue}} {{poller_type}}']],
        {},
      ),
      graph(
        'Failed workflow tasks',
        [
          [
            `sum by (workflow_type) (increase(${temporal('workflow_task_execution_failed')}[$__rate_interval]))`,
            '{{workflow_type}}',
          ],
        ],
        { text: 'A defect of ours, or a history that does not replay.' },
      ),
      graph(
        'Requests to Temporal that failed',
        [
          [
            `sum by (operation, status_code) (rate(${temporal('request_failure')}[$__rate_interval]))`,
            '{{operation}} {{status_code}}',
          ],
        ],
        { unit: 'reqps', text: 'NOT_FOUND is an answer that is reckoned with.' },
      ),
      graph('Cached workflows', [[`sum by (task_queue) (${temporal('sticky_cache_size')})`, '{{task_queue}}']], {}),
      graph('Age of the counts', [[`time() - ${gauge('census_timestamp_seconds')}`, '{{account}}']], {
        unit: 's',
        text: 'More than two minutes: Temporal does not answer, and what is shown of nodes and sweeps is as old.',
      }),
    ],
  },
];

function stat(title, expr, { unit = 'short', bad, text = '' }) {
  const steps = [{ color: 'green', value: null }, ...(bad === undefined ? [] : [{ color: 'red', value: bad }])];
  return {
    ...panel('stat', title, [[expr, '{{account}}']], text, { unit, thresholds: { mode: 'absolute', steps } }),
    options: { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode: 'value' },
    size: [6, 4],
  };
}

function graph(title, queries, { unit = 'short', text = '', stacked = false, wide = false }) {
  const stacking = { mode: stacked ? 'normal' : 'none', group: 'A' };
  const custom = { lineWidth: 1, fillOpacity: stacked ? 20 : 0, showPoints: 'never', stacking };
  return {
    ...panel('timeseries', title, queries, text, { unit, min: 0, custom }),
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
    size: [wide ? 24 : 8, 8],
  };
}

/** Totals over the range shown. */
function bars(title, queries, text = 'Over the range shown.') {
  return {
    ...panel('bargauge', title, queries, text, { unit: 'short', decimals: 0, min: 0 }),
    options: { orientation: 'horizontal', reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } },
    size: [8, 8],
  };
}

function panel(type, title, queries, description, defaults) {
  const targets = queries.map(([expr, legendFormat], index) => ({
    refId: String.fromCharCode(65 + index),
    expr,
    legendFormat,
    ...(type === 'timeseries' ? {} : { instant: true }),
  }));
  return { type, title, description, datasource: DATASOURCE, targets, fieldConfig: { defaults, overrides: [] } };
}

function laidOut() {
  const panels = [];
  let y = 0;
  for (const row of ROWS) {
    panels.push({ type: 'row', title: row.title, collapsed: false, panels: [], gridPos: { x: 0, y, w: 24, h: 1 } });
    y += 1;
    let x = 0;
    let height = 0;
    for (const { size, ...one } of row.panels) {
      const [w, h] = size;
      if (x + w > 24) {
        [x, y, height] = [0, y + height, 0];
      }
      panels.push({ ...one, gridPos: { x, y, w, h } });
      x += w;
      height = Math.max(height, h);
    }
    y += height;
  }
  return panels.map((one, index) => ({ id: index + 1, ...one }));
}

const dashboard = {
  uid: 'navarch-provisioner',
  title: 'navarch-provisioner',
  description:
    'GPU nodes of Lambda Cloud for Navarch: what waits, boots, is kept and is ended, and what that asks of Lambda and Temporal.',
  tags: ['navarch', 'temporal'],
  schemaVersion: 39,
  version: 1,
  editable: true,
  refresh: '30s',
  time: { from: 'now-6h', to: 'now' },
  links: [],
  annotations: { list: [] },
  templating: {
    list: [
      { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus', hide: 0 },
      {
        name: 'account',
        type: 'query',
        label: 'Account',
        datasource: DATASOURCE,
        query: { query: `label_values(${OURS}ready, account)`, refId: 'account' },
        refresh: 2,
        includeAll: true,
        allValue: '.*',
        multi: true,
        current: { text: 'All', value: '$__all' },
      },
    ],
  },
  panels: laidOut(),
};

const text = `${JSON.stringify(dashboard, undefined, 2)}\n`;
if (process.argv.includes('--check')) {
  if (readFileSync(FILE, 'utf8') !== text) {
    console.error('deploy/grafana/navarch-provisioner.json is not what scripts/generate-dashboard.mjs writes: run it');
    process.exitCode = 1;
  }
} else writeFileSync(FILE, text);
