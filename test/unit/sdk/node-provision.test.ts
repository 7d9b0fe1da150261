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

describe('the status is that of the provision, whoever has the name by then', () => {
  test.each<[string, string, readonly Run[]]>([
    ['its only run', 'a', [{ runId: 'a', status: 'RUNNING' }]],
    [
      'the run that continued it',
      'b',
      [
        { runId: 'a', status: 'CONTINUED_AS_NEW' },
        { runId: 'b', firstRunId: 'a', status: 'RUNNING' },
      ],
    ],
    [
      'the run that continued it, of a handle that came later',
      'b',
      [
        { runId: 'first', status: 'CONTINUED_AS_NEW' },
        { runId: 'a', firstRunId: 'first', status: 'CONTINUED_AS_NEW' },
        { runId: 'b', firstRunId: 'first', status: 'FAILED' },
      ],
    ],
    [
      'the run that continued it, where its own is forgotten',
      'b',
      [{ runId: 'b', firstRunId: 'a', status: 'RUNNING' }],
    ],
    [
      'its own run, not that of the next provision',
      'a',
      [
        { runId: 'a', status: 'FAILED' },
        { runId: 'b', status: 'RUNNING' },
      ],
    ],
    [
      'the last that continued it, not the run of the next provision',
      'c',
      [
        { runId: 'a', status: 'CONTINUED_AS_NEW' },
        { runId: 'b', firstRunId: 'a', status: 'CONTINUED_AS_NEW' },
        { runId: 'c', firstRunId: 'a', status: 'FAILED' },
        { runId: 'd', status: 'RUNNING' },
      ],
    ],
  ])('%s is asked', async (_which, asked, runs) => {
    const { provision, queried } = handleOfA(() => runs);
    expect(await provision.status()).toMatchObject({ detail: asked });
    expect(queried).toEqual([asked]);
  });
});
