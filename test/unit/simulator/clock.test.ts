import { expect, onTestFinished, test, vi } from 'vitest';
import { RunningClock } from '../../../src/simulator/clock.ts';

test('falls not behind the real clock, however much happens', () => {
  let realMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => realMs);
  onTestFinished(() => void vi.restoreAllMocks());
  const clock = new RunningClock({ factor: 1, startAt: 1_000_000 });
  onTestFinished(() => clock.stop());
  let done = 0;
  for (let task = 0; task < 1_000; task += 1) {
    clock.after(0, () => (done += 1));
    realMs += 0.75;
    clock.advanceTo(clock.now());
  }
  expect(done).toBe(1_000);
  expect(clock.now()).toBe(1_000_750);
});
