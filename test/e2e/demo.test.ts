import { describe, expect, test } from 'vitest';
import { SCENARIO_NAMES, type ScenarioName } from '../../src/demo/scenario-names.ts';
import { subprocess, untilShown } from '../support/command-line.ts';
import { isRunning, pidsOf } from '../support/processes.ts';

test('the demo tells its story and ends with nothing left', async () => {
  const { exitCode, stdout } = await subprocess(['demo', '--seed', '5'], process.env).ended;
  for (const word of ['booting', 'bootstrapping', 'ready', 'ended', 'none alive']) expect(stdout).toContain(word);
  expect(exitCode).toBe(0);
});

test('interrupted in the middle, the demo undoes what it launched and leaves no process behind', async () => {
  const demo = subprocess(['demo', '--seed', '6'], process.env);
  await untilShown(demo.stdout, 'booting');
  demo.kill('SIGINT');
  const { exitCode, stdout } = await demo.ended;
  expect(stdout).toContain('nothing is left of it');
  expect(exitCode).toBe(130);
  expect(await pidsOf('demo --seed 6')).toEqual([]);
});

/** What the end of each story must say. That it is true is the demo's to check; it says NOT TRUE, and fails, where it is not. */
const CLOSING: Readonly<Record<ScenarioName, readonly RegExp[]>> = {
  'lost-answer': [
    /checked +exactly one launch request was sent/,
    /checked +the instance it had made became the node/,
    /1 instances launched, 1 ended, none alive/,
  ],
  capacity: [
    /checked +no launch was sent before there was room/,
    /checked +the node came up where room was: gpu_1x_a100_sxm4 in us-midwest-1/,
    /1 instances launched, 1 ended, none alive/,
  ],
  'bad-host': [
    /checked +it was gone before the second was launched/,
    /checked +the second became the node/,
    /2 instances launched, 2 ended, none alive/,
  ],
  'worker-crash': [
    /checked +process \d+ was killed in the middle/,
    /checked +process \d+ finished the job/,
    /checked +one launch request was sent in all/,
    /1 instances launched, 1 ended, none alive/,
  ],
  cancel: [
    /checked +its instance was terminated by us/,
    /checked +Temporal shows the provision as cancelled/,
    /1 instances launched, 1 ended, none alive/,
  ],
};

// Side by side: they wait more than they work.
describe.concurrent('when something goes wrong', { timeout: 180_000 }, () => {
  test.each(SCENARIO_NAMES)('%s: the demo shows it, and ends with nothing left', async (scenario) => {
    const { exitCode, stdout, stderr } = await subprocess(['demo', '--scenario', scenario], process.env).ended;
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    for (const words of CLOSING[scenario]) expect(stdout).toMatch(words);
    expect(stdout).not.toContain('NOT TRUE');
  });

  test('interrupted while no worker is left, the demo starts the second one to undo the launch, and leaves no process behind', async () => {
    const demo = subprocess(['demo', '--scenario', 'worker-crash', '--seed', '7'], process.env);
    await untilShown(demo.stdout, 'gets SIGKILL');
    demo.kill('SIGINT');
    const { exitCode, stdout } = await demo.ended;
    expect(stdout).toContain('nothing is left of it');
    expect(exitCode).toBe(130);
    const workers = [...stdout.matchAll(/a process of its own, (\d+)/g)].map(([, pid]) => Number(pid));
    expect(workers).toHaveLength(2);
    expect(workers.filter(isRunning)).toEqual([]);
    expect(await pidsOf('worker-crash --seed 7')).toEqual([]);
  });
});

test('a scenario that does not exist is a usage error that lists those that do', async () => {
  const { exitCode, stderr } = await subprocess(['demo', '--scenario', 'earthquake'], process.env).ended;
  for (const name of SCENARIO_NAMES) expect(stderr).toContain(name);
  expect(exitCode).toBe(2);
});
