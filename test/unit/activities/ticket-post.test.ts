import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ticketPost } from '../../../src/activities/ticket-post.ts';
import type { Ticket } from '../../../src/domain/grants.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function ticket(name: string): Ticket {
  return {
    name,
    runId: `run-${name}`,
    ticketId: name,
    wishes: { instanceTypes: [] },
    priority: 3,
    arrivedAt: 0,
    until: 1,
  };
}

function names(tickets: readonly Ticket[]): readonly string[] {
  return tickets.map(({ name }) => name);
}

test('a ticket goes at once, those that come within half a second of it together', async () => {
  const delivered: (readonly string[])[] = [];
  const post = ticketPost((tickets) => Promise.resolve(void delivered.push(names(tickets))));
  const first = post.send(ticket('a'));
  await vi.advanceTimersByTimeAsync(0);
  await first;
  const others = [post.send(ticket('b')), post.send(ticket('c'))];
  await vi.advanceTimersByTimeAsync(499);
  expect(delivered).toEqual([['a']]);
  await vi.advanceTimersByTimeAsync(1);
  await Promise.all(others);
  expect(delivered).toEqual([['a'], ['b', 'c']]);

  await vi.advanceTimersByTimeAsync(500);
  const last = post.send(ticket('d'));
  await vi.advanceTimersByTimeAsync(0);
  await last;
  expect(delivered.at(-1)).toEqual(['d']);
});

test('a crowd goes by the hundred, in the order in which it came', async () => {
  const delivered: (readonly string[])[] = [];
  const post = ticketPost((tickets) => Promise.resolve(void delivered.push(names(tickets))));
  const all = Array.from({ length: 250 }, (_, index) => `n${index}`);
  const sent = Promise.all(all.map((name) => post.send(ticket(name))));
  await vi.advanceTimersByTimeAsync(0);
  expect(delivered.map((each) => each.length)).toEqual([100]);
  await vi.advanceTimersByTimeAsync(1_000);
  await sent;
  expect(delivered.map((each) => each.length)).toEqual([100, 100, 50]);
  expect(delivered.flat()).toEqual(all);
});

test('what is not delivered, each of those who sent it hears; the next is tried anew', async () => {
  let isDown = true;
  const post = ticketPost(() => (isDown ? Promise.reject(new Error('down')) : Promise.resolve()));
  const endings = [post.send(ticket('a')), post.send(ticket('a')), post.send(ticket('b'))].map((sent) =>
    expect(sent).rejects.toThrow('down'),
  );
  await vi.advanceTimersByTimeAsync(0);
  await Promise.all(endings);
  isDown = false;
  const again = post.send(ticket('a'));
  await vi.advanceTimersByTimeAsync(500);
  await expect(again).resolves.toBeUndefined();
});

test('counts what was sent in the last minute', async () => {
  const post = ticketPost(() => Promise.resolve());
  const early = [post.send(ticket('a')), post.send(ticket('b'))];
  await vi.advanceTimersByTimeAsync(30_000);
  const late = post.send(ticket('c'));
  expect(post.sentLately()).toBe(3);
  await vi.advanceTimersByTimeAsync(30_001);
  expect(post.sentLately()).toBe(1);
  await Promise.all([...early, late]);
});
