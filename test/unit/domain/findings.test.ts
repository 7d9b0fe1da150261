import { expect, test } from 'vitest';
import { judgeClock, judgeSshKey } from '../../../src/domain/findings.ts';

const OWN = { fingerprint: 'SHA256:own' };
const registered = [
  { name: 'laptop', fingerprint: 'SHA256:other' },
  { name: 'provisioner', fingerprint: 'SHA256:own' },
];

test('the key that launches name is the worker’s own', () => {
  const finding = judgeSshKey('ssh-key', 'provisioner', registered, OWN);
  expect(finding).toMatchObject({ check: 'ssh-key', verdict: 'ok' });
  expect(finding.todo).toBeUndefined();
});

test('Lambda knows no key of that name, but the worker’s under another: that name is the remedy', () => {
  const { verdict, seen, todo } = judgeSshKey('ssh-key', 'prod', registered, OWN);
  expect(verdict).toBe('wrong');
  expect(seen).toContain('no SSH key named prod (it has: laptop, provisioner)');
  expect(todo).toContain('LAMBDA_SSH_KEY_NAME=provisioner');
});

test('the name is that of a key of another pair: both fingerprints are said', () => {
  const { verdict, seen, todo } = judgeSshKey(
    'ssh-key',
    'laptop',
    [{ name: 'laptop', fingerprint: 'SHA256:other' }],
    OWN,
  );
  expect(verdict).toBe('wrong');
  expect(seen).toContain('SHA256:other');
  expect(seen).toContain('SHA256:own');
  expect(todo).toContain('NAVARCH_SSH_PRIVATE_KEY');
});

test('an account without keys: the worker’s has to be registered, under the name that launches use', () => {
  const { verdict, seen, todo } = judgeSshKey('ssh-key', 'provisioner', [], OWN);
  expect(verdict).toBe('wrong');
  expect(seen).toContain('(it has: none)');
  expect(todo).toContain('register the public half');
  expect(todo).toContain('as provisioner');
});

test('no name is set: fine as long as requests can name the worker’s key', () => {
  expect(judgeSshKey('ssh-key', undefined, registered, OWN)).toMatchObject({ verdict: 'ok' });
  const other = judgeSshKey('ssh-key', undefined, [{ name: 'laptop', fingerprint: 'SHA256:other' }], OWN);
  expect(other).toMatchObject({ verdict: 'wrong' });
});

test.each([
  [4_900, 'ok'],
  [-4_900, 'ok'],
  [5_100, 'wrong'],
  [-5_100, 'wrong'],
] as const)('a clock that is %d ms ahead: %s', (aheadMs, verdict) => {
  expect(judgeClock('clock', "Lambda's", aheadMs).verdict).toBe(verdict);
});

test('which way a clock is wrong is said', () => {
  expect(judgeClock('clock', "Lambda's", 90_000).seen).toBe("the worker's clock is 1m 30s ahead of Lambda's");
  expect(judgeClock('clock', "Temporal's", -7_000).seen).toBe("the worker's clock is 7s behind Temporal's");
});
