import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { ProgressReport } from '../../../src/activities/bootstrap-progress.ts';
import type { HostProgress } from '../../../src/contract/messages.ts';

/** Everything that was signalled in a bootstrap which is looked at once a second; `at` says what it shows in that second. */
async function signalled(
  seconds: number,
  at: (second: number) => { readonly step: string; readonly lastLines: readonly string[] },
  answer: () => Promise<void> = () => Promise.resolve(),
): Promise<(readonly [second: number, step: string])[]> {
  const sent: [number, string][] = [];
  let second = 0;
  const signal = (_: unknown, progress: HostProgress): Promise<void> => {
    sent.push([second, progress.step]);
    return answer();
  };
  const getHandle = (workflowId: string, runId: string) => {
    expect([workflowId, runId]).toEqual(['w', 'r']);
    return { signal };
  };
  const temporal = { workflow: { getHandle } } as unknown as Client;
  await new MockActivityEnvironment({ workflowExecution: { workflowId: 'w', runId: 'r' } }).run(async () => {
    const report = new ProgressReport(temporal, () => second * 1_000);
    for (; second < seconds; second += 1) {
      report.of({ launchToken: 't', seconds: second, ...at(second) });
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    }
  });
  return sent;
}

test('a script of a few seconds is not told of', async () => {
  expect(await signalled(10, (second) => ({ step: `step ${second}`, lastLines: [] }))).toEqual([]);
});

test('a step that goes on and prints nothing is told once', async () => {
  expect(await signalled(600, () => ({ step: 'wait', lastLines: ['same'] }))).toEqual([[10, 'wait']]);
});

test('what it prints is told every half minute', async () => {
  const sent = await signalled(105, (second) => ({ step: 'print', lastLines: [`line ${second}`] }));
  expect(sent.map(([second]) => second)).toEqual([10, 40, 70, 100]);
});

test('another step is told at once, but for steps that take a moment', async () => {
  const sent = await signalled(60, (second) => ({ step: second < 28 ? `short ${second}` : 'long', lastLines: [] }));
  expect(sent).toEqual([
    [10, 'short 10'],
    [20, 'short 20'],
    [30, 'long'],
  ]);
});

test('a day of output is no more than sixty events in the history', async () => {
  const sent = await signalled(86_400, (second) => ({ step: `step ${second % 50}`, lastLines: [`line ${second}`] }));
  expect(sent.length).toBe(60);
});

test('an hour of output is told to its end', async () => {
  const sent = await signalled(3_600, (second) => ({ step: 'print', lastLines: [`line ${second}`] }));
  expect(sent.at(-1)?.[0]).toBeGreaterThan(3_000);
});

test('a provision that cannot be told is told the next time', async () => {
  const sent = await signalled(
    71,
    (second) => ({ step: 'print', lastLines: [`line ${second}`] }),
    () => Promise.reject(new Error('no such workflow')),
  );
  expect(sent).toHaveLength(3);
});
