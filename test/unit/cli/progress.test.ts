import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { InterruptedError } from '../../../src/cli/interrupted.ts';
import { showUntil, type Progressing } from '../../../src/cli/progress/show-until.ts';
import { paintFor } from '../../../src/cli/paint.ts';
import { createProgressView, type ProgressView } from '../../../src/cli/progress/view.ts';
import { NoWorkerError, TemporalUnreachableError, type Progress } from '../../../src/sdk/index.ts';
import { Recorder } from './recorder.ts';

const START = Date.parse('2026-11-23T09:00:00Z');

function progress(phase: Progress['phase'], more: Partial<Progress> = {}): Progress {
  const at = new Date(START).toISOString();
  return { name: 'n', phase, since: at, requestedAt: at, launches: [], capacityRefusals: 0, costUsd: 0, ...more };
}

/** A view whose clock the test turns. */
function viewOn(stream: Recorder, startedAt?: number): { view: ProgressView; at: (seconds: number) => ProgressView } {
  const clock = { now: START };
  const options = { now: () => clock.now, ...(startedAt === undefined ? {} : { startedAt }) };
  const view = createProgressView(stream, { env: {} }, options);
  views.push(view);
  return {
    view,
    at: (seconds) => {
      clock.now = START + seconds * 1000;
      return view;
    },
  };
}

const views: ProgressView[] = [];
afterEach(() => {
  for (const view of views.splice(0)) view.close();
});

test('in a log each change is a line with the elapsed time, and what did not change is not repeated', () => {
  const out = new Recorder();
  const { at } = viewOn(out);
  const waiting = progress('waiting_for_capacity', { detail: 'gpu_1x_h100_sxm5 in any region' });
  at(0).show(progress('accepted'));
  at(1).show(waiting);
  at(30).show({ ...waiting, costUsd: 0.01 });
  at(65).show({ ...waiting, capacityRefusals: 1 });
  at(70).show(progress('booting', { detail: 'instance abc' }));
  at(3700).show(progress('unwinding', { detail: 'no SSH\nsession', needsAttention: 'a revoked key' }));
  expect(out.lines).toEqual([
    '     0s  accepted',
    '     1s  waiting for capacity: gpu_1x_h100_sxm5 in any region',
    '  1m 5s  waiting for capacity: gpu_1x_h100_sxm5 in any region; 1 launch refused so far',
    ' 1m 10s  booting: instance abc',
    '  1h 1m  unwinding: needs attention: a revoked key; no SSH session',
  ]);
});

test('in a log there is no escape sequence, whatever the machine said', () => {
  const out = new Recorder();
  viewOn(out).view.show(progress('bootstrapping', { detail: '\u001b[2Jdone\u0007' }));
  for (const control of ['\u001b', '\u0007', '\r']) expect(out.text).not.toContain(control);
});

test('on a terminal the line updates in place, and each phase that is over stays', () => {
  const tty = new Recorder(80);
  const { at } = viewOn(tty);
  at(0).show(progress('waiting_for_capacity', { detail: 'a10 in any region' }));
  at(4).show(progress('waiting_for_capacity', { detail: 'a10 in us-east-1' }));
  at(9).show(progress('booting', { detail: 'instance abc' }));
  at(20).show(progress('unwinding', { detail: 'it is unhealthy' }));
  at(25).show(progress('ready'));
  at(25).close();
  expect(tty.screen).toEqual([
    '✓      9s  waiting for capacity  a10 in us-east-1',
    '✗     20s  booting  instance abc',
    '✓     25s  unwinding  it is unhealthy',
    '✓     25s  ready',
  ]);
});

test('on a terminal an end that is a failure is marked as one, and so is the phase that led to it', () => {
  const tty = new Recorder(80);
  const { at } = viewOn(tty);
  at(0).show(progress('waiting_for_capacity', { detail: 'a10 in any region' }));
  at(9).show(progress('ended', { detail: 'no capacity', failure: 'capacity_unavailable' }));
  at(9).close();
  expect(tty.screen).toEqual(['✗      9s  waiting for capacity  a10 in any region', '✗      9s  ended  no capacity']);

  const undone = new Recorder(80);
  const view = viewOn(undone);
  view.at(0).show(progress('booting'));
  view.at(20).show(progress('unwinding', { detail: 'it is unhealthy' }));
  view.at(25).show(progress('ended', { detail: 'it is unhealthy', failure: 'instance_failed' }));
  view.at(25).close();
  expect(undone.screen.map(([mark]) => mark)).toEqual(['✗', '✓', '✗']);
});

test('a line is never wider than the terminal: one that wraps cannot be erased', () => {
  const tty = new Recorder(50);
  const { view } = viewOn(tty);
  view.show(progress('waiting_for_capacity', { detail: 'gpu_8x_h100_sxm5, gpu_8x_a100_80gb_sxm4 in any region' }));
  view.close();
  expect(tty.screen).toHaveLength(1);
  expect(tty.screen[0]?.length).toBeLessThan(50);
  expect(tty.screen[0]).toMatch(/…$/);
});

test('colours are left out where NO_COLOR asks for that', () => {
  const tty = new Recorder(80);
  const view = createProgressView(tty, { env: { NO_COLOR: '1' } });
  views.push(view);
  view.show(progress('ready'));
  // What is left is the erasing of the line.
  expect(tty.text.replaceAll('\u001b[2K', '')).not.toContain('\u001b');
});

test('colours are there without a terminal where FORCE_COLOR asks for them, and NO_COLOR goes before it', () => {
  const log = new Recorder();
  const tty = new Recorder(80);
  const painted = (stream: Recorder, env: Record<string, string>): boolean =>
    paintFor(stream, { env }).red('x') !== 'x';
  expect(painted(log, {})).toBe(false);
  expect(painted(log, { FORCE_COLOR: '1' })).toBe(true);
  expect(painted(log, { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
  expect(painted(tty, {})).toBe(true);
  expect(painted(tty, { FORCE_COLOR: '0' })).toBe(false);
  expect(painted(tty, { TERM: 'dumb' })).toBe(false);
});

test.each([
  ['CI gives its job a terminal', { CI: 'true' }],
  ['the terminal cannot move its cursor', { TERM: 'dumb' }],
])('where %s, a change is a line, without control characters', (_where, env) => {
  const tty = new Recorder(80);
  const view = createProgressView(tty, { env: { ...env, FORCE_COLOR: '1' } }, { startedAt: START, now: () => START });
  views.push(view);
  view.show(progress('booting'));
  expect(tty.text).toBe('     0s  booting\n');
});

test('the end of an old node counts from the wish to end it', () => {
  const out = new Recorder();
  const { at } = viewOn(out, START + 100_000);
  at(103).show(progress('ending', { detail: 'no longer needed' }));
  expect(out.lines).toEqual(['     3s  ending: no longer needed']);
});

/** Work that shows what it is given, until it ends. */
function work(shown: readonly Progress[], end: Promise<string>): Progressing {
  return {
    async *progress({ onUnanswered }) {
      for (const one of shown) {
        await turn();
        yield one;
      }
      await end.catch(() => undefined);
      if (onUnanswered !== undefined) yield progress('ready');
    },
  };
}

test('the last look is shown before the result is told', async () => {
  const out = new Recorder();
  const { view } = viewOn(out);
  const end = Promise.resolve('node');
  const done = showUntil(
    work([progress('booting')], end),
    () => end,
    view,
    { stdout: out, stderr: out },
    () => {
      throw new Error('not interrupted');
    },
  );
  expect(await done).toBe('node');
  expect(out.lines.map((line) => line.trim())).toEqual(['0s  booting', '0s  ready']);
});

test('Ctrl-C ends the command, not the work', async () => {
  const out = new Recorder();
  const { view } = viewOn(out);
  const person = new AbortController();
  const io = { stdout: out, stderr: out, signal: person.signal };
  const never = new Promise<string>(() => undefined);
  const done = showUntil(
    work([progress('booting')], never),
    () => never,
    view,
    io,
    () => new InterruptedError('it goes on'),
  );
  await turn();
  person.abort();
  await expect(done).rejects.toThrow('it goes on');
});

test.each([new NoWorkerError('a queue'), new TemporalUnreachableError('away')])(
  'the work goes on, and so would its progress, when the end is not told: %s',
  async (error) => {
    const out = new Recorder();
    const { view } = viewOn(out);
    const goesOn: Progressing = {
      async *progress({ signal }) {
        yield progress('booting');
        await new Promise((resolve) => signal?.addEventListener('abort', resolve));
      },
    };
    const done = showUntil(
      goesOn,
      () => Promise.reject(error),
      view,
      { stdout: out, stderr: out },
      () => new InterruptedError('it goes on'),
    );
    await expect(done).rejects.toBe(error);
  },
);
