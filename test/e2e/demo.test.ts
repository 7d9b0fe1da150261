import { expect, test } from 'vitest';
import { subprocess, untilShown } from '../support/command-line.ts';
import { pidsOf } from '../support/processes.ts';

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
