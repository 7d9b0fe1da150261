import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Pacer } from '../../../src/activities/pacer.ts';

// Time is the test's: what is said here of milliseconds is exact, and nothing waits.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const PACE = { requestIntervalMs: 1_100, launchIntervalMs: 13_000 };

interface Paced {
  readonly pacer: Pacer;
  /** Who went when, or why not. */
  readonly went: string[];
  readonly ask: (name: string, signal?: AbortSignal) => void;
}

function paced(): Paced {
  const pacer = new Pacer(PACE);
  const began = performance.now();
  const went: string[] = [];
  return {
    pacer,
    went,
    ask(name, signal) {
      pacer.turn(name.startsWith('launch'), signal).then(
        () => went.push(`${name} at ${performance.now() - began}`),
        (reason: unknown) => went.push(`${name} gave up: ${String(reason)}`),
      );
    },
  };
}

describe('requests of one account', () => {
  test('go at once when there is nobody before them, and then one interval apart, in the order they came', async () => {
    const { went, ask } = paced();
    for (const name of ['a', 'b', 'c']) ask(name);
    await vi.advanceTimersByTimeAsync(10_000);
    ask('d');
    ask('e');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(went).toEqual(['a at 0', 'b at 1100', 'c at 2200', 'd at 10000', 'e at 11100']);
  });

  test('never come closer than the interval, however they are asked for', async () => {
    const { went, ask } = paced();
    for (let i = 0; i < 40; i += 1) {
      ask(i % 7 === 0 ? `launch ${i}` : `read ${i}`);
      await vi.advanceTimersByTimeAsync((i * 137) % 900);
    }
    await vi.advanceTimersByTimeAsync(120_000);
    const times = went.map((line) => Number(line.split(' at ')[1]));
    expect(times).toHaveLength(40);
    for (const [index, time] of times.slice(1).entries()) {
      expect(time - (times[index] ?? 0)).toBeGreaterThanOrEqual(PACE.requestIntervalMs);
    }
    const launches = went.filter((line) => line.startsWith('launch')).map((line) => Number(line.split(' at ')[1]));
    for (const [index, time] of launches.slice(1).entries()) {
      expect(time - (launches[index] ?? 0)).toBeGreaterThanOrEqual(PACE.launchIntervalMs);
    }
  });

  test('that launch come a launch interval apart, and hold up nobody else meanwhile', async () => {
    const { went, ask } = paced();
    for (const name of ['launch 1', 'launch 2', 'terminate', 'read']) ask(name);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(went).toEqual(['launch 1 at 0', 'terminate at 1100', 'read at 2200', 'launch 2 at 13000']);
  });

  test('that launch keep their order among themselves', async () => {
    const { went, ask } = paced();
    for (const name of ['launch 1', 'launch 2', 'launch 3']) ask(name);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(went).toEqual(['launch 1 at 0', 'launch 2 at 13000', 'launch 3 at 26000']);
  });
});

describe('when Lambda says it was too much', () => {
  test('nobody sends for so long, those who had a time already included', async () => {
    const { pacer, went, ask } = paced();
    for (const name of ['a', 'b', 'c']) ask(name);
    await vi.advanceTimersByTimeAsync(500);
    pacer.pause(10_000);
    ask('d');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(went).toEqual(['a at 0', 'b at 10500', 'c at 11600', 'd at 12700']);
  });

  test('a shorter pause does not end a longer one', async () => {
    const { pacer, went, ask } = paced();
    pacer.pause(10_000);
    pacer.pause(1_000);
    ask('a');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(went).toEqual(['a at 10000']);
  });

  test('a pause longer than any timer is still a pause', async () => {
    const { pacer, went, ask } = paced();
    pacer.pause(30 * 86_400_000);
    ask('a');
    await vi.advanceTimersByTimeAsync(29 * 86_400_000);
    expect(went).toEqual([]);
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(went).toEqual([`a at ${30 * 86_400_000}`]);
  });
});

describe('whoever gives up waiting', () => {
  test('hears its own reason at once, and uses up no place', async () => {
    const { went, ask } = paced();
    const giveUp = new AbortController();
    ask('a');
    ask('b', giveUp.signal);
    ask('c');
    await vi.advanceTimersByTimeAsync(100);
    giveUp.abort('cancelled');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(went).toEqual(['a at 0', 'b gave up: cancelled', 'c at 1100']);
  });

  test('before it asked is not let in', async () => {
    const { went, ask } = paced();
    ask('a', AbortSignal.abort('too late'));
    ask('b');
    await vi.advanceTimersByTimeAsync(0);
    expect(went).toEqual(['a gave up: too late', 'b at 0']);
  });

  test('after its turn changes nothing any more', async () => {
    const { went, ask } = paced();
    const giveUp = new AbortController();
    ask('a', giveUp.signal);
    await vi.advanceTimersByTimeAsync(0);
    giveUp.abort('late');
    ask('b');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(went).toEqual(['a at 0', 'b at 1100']);
  });

  test('leaves no timer behind', async () => {
    const { ask } = paced();
    const giveUp = new AbortController();
    ask('a');
    ask('b', giveUp.signal);
    expect(vi.getTimerCount()).toBe(1);
    giveUp.abort('cancelled');
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
