import { ScheduleAlreadyRunning, ScheduleNotFoundError, type Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import { ensureSweepSchedule } from '../../src/sweep-schedule.ts';

/** A Temporal whose Schedule is there when it is to be created, and gone when it is to be updated, so many times. */
function contested(times: number): { readonly client: Client; readonly calls: string[] } {
  const calls: string[] = [];
  let left = times;
  const create = (): Promise<void> => {
    calls.push('create');
    return left > 0 ? Promise.reject(new ScheduleAlreadyRunning('', 'id')) : Promise.resolve();
  };
  const update = (): Promise<void> => {
    calls.push('update');
    left -= 1;
    return Promise.reject(new ScheduleNotFoundError('', 'id'));
  };
  return { client: { schedule: { create, getHandle: () => ({ update }) } } as unknown as Client, calls };
}

const SETTINGS = { account: undefined, taskQueue: 'navarch-provisioner' };

test('a Schedule that somebody deletes in the instant in which it is to be updated is created', async () => {
  const { client, calls } = contested(2);
  await ensureSweepSchedule(client, SETTINGS);
  expect(calls).toEqual(['create', 'update', 'create', 'update', 'create']);
});

test('one that is deleted again and again is an error, not a loop', async () => {
  const { client } = contested(Infinity);
  await expect(ensureSweepSchedule(client, SETTINGS)).rejects.toThrow(ScheduleNotFoundError);
});
