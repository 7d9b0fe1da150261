import { describe, expect, test } from 'vitest';
import { Caller } from '../../../src/sdk/caller.ts';
import { NodeProvision } from '../../../src/sdk/node-provision.ts';
import { runsInTemporal, type Run, type RunsInTemporal } from './runs-in-temporal.ts';

const workflowId = 'provision-node/trainer-1';

/** The handle of run `a`, and the Temporal that it asks. */
function handleOfA(runs: () => readonly Run[]): RunsInTemporal & { readonly provision: NodeProvision } {
  const server = runsInTemporal(workflowId, runs);
  return { ...server, provision: new NodeProvision(new Caller(server.client, 'a-queue'), { workflowId, runId: 'a' }) };
}

describe('cancel says whether it asked', () => {
  test('a provision that runs is asked, also where it has continued as new', async () => {
    const running = handleOfA(() => [{ runId: 'a', status: 'RUNNING' }]);
    expect(await running.provision.cancel()).toBe(true);
    expect(running.cancelled).toEqual(['a']);
    const continued = handleOfA(() => [
      { runId: 'a', status: 'CONTINUED_AS_NEW', firstRunId: 'first' },
      { runId: 'b', status: 'RUNNING', firstRunId: 'first' },
    ]);
    expect(await continued.provision.cancel()).toBe(true);
    expect(continued.cancelled).toEqual(['first']);
  });

  test.each<[string, readonly Run[]]>([
    ['has ended', [{ runId: 'a', status: 'COMPLETED' }]],
    ['is forgotten', []],
    ['is forgotten, and another provision has the name', [{ runId: 'b', status: 'RUNNING' }]],
    [
      'has continued as new and ended, and another provision has the name',
      [
        { runId: 'a', status: 'CONTINUED_AS_NEW' },
        { runId: 'b', status: 'RUNNING' },
      ],
    ],
  ])('one that %s is not', async (_how, runs) => {
    const { provision, cancelled } = handleOfA(() => runs);
    expect(await provision.cancel()).toBe(false);
    expect(cancelled).toEqual([]);
  });

  test('nor is one that ends between the look and the wish', async () => {
    const looks: Run[] = [{ runId: 'a', status: 'RUNNING' }];
    const { provision, cancelled } = handleOfA(() => [looks.shift() ?? { runId: 'a', status: 'COMPLETED' }]);
    expect(await provision.cancel()).toBe(false);
    expect(cancelled).toEqual([]);
  });
});
