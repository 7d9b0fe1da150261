import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LambdaClient } from '../../../src/clients/lambda/index.ts';
import { LAMBDA_OPERATIONS, METRICS, recorderOver, type MetricDefinition } from '../../../src/domain/metrics.ts';
import { metricsTable } from '../../support/metrics-page.ts';

const definitions = Object.values<MetricDefinition>(METRICS);

test('docs/metrics.md has the table of what the code records', () => {
  const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  expect(page).toContain(`${metricsTable()}\n`);
});

test.each(definitions)(
  '$name is named as Prometheus wants it',
  ({ name, type, unit, labels, help, buckets, across }) => {
    expect(name).toMatch(/^navarch_provisioner_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name.endsWith('_seconds')).toBe(unit === 's');
    expect(help).toMatch(/^[A-Z].*\.$/);
    expect(buckets === undefined).toBe(type !== 'histogram');
    expect(buckets ?? []).toEqual([...(buckets ?? [])].sort((a, b) => a - b));
    // A gauge that is added up would count what every worker says.
    expect(across === 'sum').toBe(type !== 'gauge');
    for (const values of Object.values(labels)) expect(values.length).toBeLessThan(30);
  },
);

test('no two have a name', () => {
  expect(new Set(definitions.map(({ name }) => name)).size).toBe(definitions.length);
});

test('every request that the client can send has an operation', async () => {
  const seen: string[] = [];
  const beforeRequest = (kind: string): Promise<void> => {
    seen.push(kind);
    return Promise.reject(new Error('not sent'));
  };
  const lambda = new LambdaClient({ apiKey: 'k', beforeRequest });
  const calls = [
    lambda.listInstances(),
    lambda.getInstance('0'),
    lambda.listInstanceTypes(),
    lambda.launchInstance({ regionName: 'r', instanceTypeName: 't', sshKeyNames: ['k'] }),
    lambda.terminateInstance('0'),
    lambda.updateInstance('0', {}),
    lambda.listSshKeys(),
    lambda.listImages(),
    lambda.listRegions(),
  ];
  await Promise.allSettled(calls);
  expect(seen.toSorted()).toEqual([...LAMBDA_OPERATIONS].toSorted());
});

test('an instrument is made once, when it is first used, and no value is below zero', () => {
  const made: string[] = [];
  const values: unknown[] = [];
  const make = (name: string) => {
    made.push(name);
    const note = (value: number, tags: object): void => void values.push([name, value, tags]);
    return { add: note, set: note, record: note };
  };
  const record = recorderOver({ createCounter: make, createGauge: make, createHistogram: make });
  expect(made).toEqual([]);
  record('launches', 1, { outcome: 'unknown' });
  record('launches', 1, { outcome: 'accepted' });
  record('launchToReady', -3);
  expect(made).toEqual(['navarch_provisioner_launches_total', 'navarch_provisioner_launch_to_ready_seconds']);
  expect(values).toEqual([
    ['navarch_provisioner_launches_total', 1, { outcome: 'unknown' }],
    ['navarch_provisioner_launches_total', 1, { outcome: 'accepted' }],
    ['navarch_provisioner_launch_to_ready_seconds', 0, {}],
  ]);
});
