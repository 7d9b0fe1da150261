import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

// What deploy/ asks of Prometheus: alert rules, and the panels of the dashboard.

const ROOT = new URL('../../', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

const duration = z.string().regex(/^(\d+(ms|s|m|h|d|w|y))+$/);

/** Rule files as Prometheus reads them: what it does not know, it refuses. */
const ruleFile = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        interval: duration.optional(),
        rules: z
          .array(
            z.strictObject({
              alert: z.string().regex(/^Navarch[A-Za-z]+$/),
              expr: z.string().min(1),
              for: duration.optional(),
              keep_firing_for: duration.optional(),
              labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
              annotations: z.strictObject({
                summary: z.string().min(1),
                description: z.string().min(1),
                runbook_url: z.string().regex(/^docs\/runbook\.md#[a-z\d-]+$/),
              }),
            }),
          )
          .min(1),
      }),
    )
    .min(1),
});

export type Alert = z.infer<typeof ruleFile>['groups'][number]['rules'][number];

/** @throws ZodError where Prometheus, or our own rules for it, would not take the file */
export function readAlerts(text = read('deploy/prometheus/alerts.yml')): readonly Alert[] {
  const { groups } = ruleFile.parse(parse(text));
  const names = groups.map(({ name }) => name);
  if (new Set(names).size !== names.length) throw new Error(`groups of one name: ${names.join(', ')}`);
  return groups.flatMap(({ rules }) => rules);
}

const datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });
const gridPos = z.strictObject({
  x: z.int().min(0).max(23),
  y: z.int().min(0),
  w: z.int().min(1).max(24),
  h: z.int().min(1),
});
const target = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  expr: z.string().min(1),
  legendFormat: z.string(),
  instant: z.boolean().optional(),
});
const panelHead = { id: z.int().min(1), title: z.string().min(1), gridPos };

/** As much of a dashboard as Grafana needs to draw ours. */
const dashboard = z.object({
  uid: z.string().regex(/^[\w-]{1,40}$/),
  title: z.string().min(1),
  schemaVersion: z.int().min(36),
  time: z.strictObject({ from: z.string(), to: z.string() }),
  templating: z.strictObject({ list: z.array(z.object({ name: z.string(), type: z.enum(['datasource', 'query']) })) }),
  panels: z.array(
    z.discriminatedUnion('type', [
      z.strictObject({ ...panelHead, type: z.literal('row'), collapsed: z.literal(false), panels: z.tuple([]) }),
      ...(['stat', 'timeseries', 'bargauge'] as const).map((type) =>
        z.strictObject({
          ...panelHead,
          type: z.literal(type),
          description: z.string(),
          datasource,
          targets: z.array(target).min(1),
          fieldConfig: z.strictObject({ defaults: z.looseObject({ unit: z.string() }), overrides: z.array(z.never()) }),
          options: z.looseObject({}),
        }),
      ),
    ]),
  ),
});

export type Dashboard = z.infer<typeof dashboard>;

export function readDashboard(text = read('deploy/grafana/navarch-provisioner.json')): Dashboard {
  return dashboard.parse(JSON.parse(text));
}

/** The expressions of the panels, with Grafana's variables as Prometheus gets them. */
export function panelQueries({ panels }: Dashboard): readonly { readonly from: string; readonly expr: string }[] {
  return panels.flatMap((panel) =>
    panel.type === 'row'
      ? []
      : panel.targets.map(({ expr }) => ({
          from: `panel "${panel.title}"`,
          expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '6h').replaceAll('$account', '.*'),
        })),
  );
}

/** Everything that is asked, and where. */
export function deployedQueries(): readonly { readonly from: string; readonly expr: string }[] {
  const alerts = readAlerts().map(({ alert, expr }) => ({ from: `alert ${alert}`, expr }));
  return [...alerts, ...panelQueries(readDashboard())];
}
