import { EventEmitter, once } from 'node:events';
import { Writable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { listenForInterruption, outliveReaders } from '../../../src/live-check/interruption.ts';

describe('an interruption', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('is %s', (name) => {
    const process = new EventEmitter();
    const { signal, stop } = listenForInterruption(process, () => expect.unreachable());
    process.emit(name, name);
    expect(signal.reason).toMatchObject({ message: expect.stringContaining(name) as unknown });
    stop();
    expect(process.eventNames()).toEqual([]);
  });

  test('pressed again later leaves without proof; a terminal that is gone does not', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const process = new EventEmitter();
    let left = 0;
    const { stop } = listenForInterruption(process, () => (left += 1));
    for (const name of ['SIGHUP', 'SIGHUP', 'SIGINT', 'SIGINT', 'SIGHUP']) {
      vi.advanceTimersByTime(name === 'SIGINT' ? 10 : 5_000);
      process.emit(name, name);
    }
    expect(left).toBe(0);
    process.emit('SIGINT', 'SIGINT');
    expect(left).toBe(1);
    stop();
    vi.useRealTimers();
  });
});

test('a reader that has gone does not end the writer', async () => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
  outliveReaders([stream]);
  const closed = once(stream, 'close').catch(() => undefined);
  stream.write('a line');
  await closed; // an error that nobody takes would have failed this test's process
  stream.write('another');
  expect(stream.errored?.message).toBe('EPIPE');
});
