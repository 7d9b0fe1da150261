import { expect, test } from 'vitest';
import { OBSERVERS } from '../../../src/live-check/assumptions.ts';
import { announcement } from '../../../src/live-check/report.ts';

test('it says before the launch when it would cost more, and what else on the account notices it', () => {
  const choice = { instanceType: 'gpu_1x_a10', priceCentsPerHour: 129, regions: ['us-east-1'], gpus: 1 };
  for (const others of [0, 3]) {
    const text = announcement(choice, { registration: 'direct', navarchUrl: undefined, others });
    expect(text).toContain('It costs at most $1.55');
    expect(text).toContain('if this computer sleeps or loses its network');
    expect(text).toContain('LAMBDA_REQUEST_INTERVAL=2200ms');
    expect(text).toContain('report this machine as unknown');
    expect(text.includes('other instances')).toBe(others > 0);
  }
});

test('a 429 is described by what has the form of a code and of a time, and by nothing else', () => {
  const describe429 = (code: string, wait: string): string => {
    const json = { error: { code } };
    const answer = { status: 429, headers: { 'retry-after': wait }, text: JSON.stringify(json), json };
    const exchange = { method: 'GET', path: '/instances', request: undefined, sentAt: 0, answeredAt: 1, answer };
    const evidence = {
      exchanges: [exchange],
      life: {},
      priceCentsPerHour: 129,
      instanceType: 'gpu_1x_a10',
      sshKeyName: undefined,
      publicKey: '',
      imageFamily: undefined,
      node: undefined,
      failure: undefined,
    };
    return OBSERVERS['no-429-at-our-pace']?.(evidence).detail ?? '';
  };
  expect(describe429('global/rate-limited', '30')).toBe(
    '429 for a read with JSON, code global/rate-limited, Retry-After 30',
  );
  expect(describe429('Ada Lovelace Ltd', 'ask ada@example.org')).toBe(
    '429 for a read with JSON, code of another form, Retry-After of another form',
  );
});
