import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { hostKeyUserData, mergedUserData } from '../../../src/activities/user-data.ts';
import { deriveHostKey } from '../../../src/clients/ssh/index.ts';
import { OUR_USER_DATA_BYTES, USER_DATA_MAX_BYTES, userDataProblems } from '../../../src/domain/user-data.ts';
import { parseUserData } from '../../../src/simulator/machines/cloud-init/user-data.ts';

const key = deriveHostKey({ secret: 'a secret of some length', salt: 'a token' });
const ours = hostKeyUserData(key);

const MULTIPART = [
  'Content-Type: multipart/mixed; boundary="==b=="',
  'MIME-Version: 1.0',
  '',
  '--==b==',
  'Content-Type: text/cloud-config; charset="us-ascii"',
  '',
  '#cloud-config',
  'runcmd: [echo config]',
  'ssh_keys: {ed25519_private: theirs}',
  '--==b==',
  'Content-Type: text/x-shellscript',
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.from('#!/bin/sh\necho script\n').toString('base64'),
  '--==b==--',
  '',
].join('\n');

/** What the caller gave, and as which types and texts cloud-init has to see it. */
const FORMS: Readonly<Record<string, readonly [given: string, parts: readonly (readonly [string, string])[]]>> = {
  'a cloud-config': ['#cloud-config\nruncmd: [echo a]\n', [['text/cloud-config', '#cloud-config\nruncmd: [echo a]\n']]],
  'a script without a last newline': ['#!/bin/sh\necho a', [['text/x-shellscript', '#!/bin/sh\necho a']]],
  'text beyond ASCII': ['#!/bin/sh\necho é漢🙂\n', [['text/x-shellscript', '#!/bin/sh\necho é漢🙂\n']]],
  'carriage returns': ['#!/bin/sh\r\necho a\r\n', [['text/x-shellscript', '#!/bin/sh\r\necho a\r\n']]],
  'what looks like our boundary': [
    '#!/bin/sh\n--navarch-provisioner-1\n--navarch-provisioner-2--\n',
    [['text/x-shellscript', '#!/bin/sh\n--navarch-provisioner-1\n--navarch-provisioner-2--\n']],
  ],
  'a multipart': [
    MULTIPART,
    [
      ['text/cloud-config', '#cloud-config\nruncmd: [echo config]\nssh_keys: {ed25519_private: theirs}'],
      ['text/x-shellscript', '#!/bin/sh\necho script\n'],
    ],
  ],
  'a message of one part': [
    'MIME-Version: 1.0\r\nContent-Type: text/x-shellscript\r\n\r\n#!/bin/sh\r\necho a\r\n',
    [['text/x-shellscript', '#!/bin/sh\r\necho a\r\n']],
  ],
};

/** Python's parser is the one that cloud-init has. */
const PARSE = `
import email, json, sys
message = email.message_from_string(sys.stdin.buffer.read().decode())
parts = [part for part in message.walk() if part.get_content_maintype() != 'multipart']
print(json.dumps([[part.get_content_type(), part.get_payload(decode=True).decode()] for part in parts]))
`;
const hasPython = spawnSync('python3', ['-c', '']).status === 0;

describe.each(Object.entries(FORMS))('%s, together with ours', (_, [given, parts]) => {
  const merged = mergedUserData(ours, given);

  test.skipIf(!hasPython)("comes apart in Python's hands as it was given, and ours is last (needs python3)", () => {
    const { stdout, stderr } = spawnSync('python3', ['-c', PARSE], { input: merged, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([...parts, ['text/cloud-config', ours]]);
  });

  test('gives the machine our host key', () => {
    const data = parseUserData(merged);
    expect(data.mistakes).toEqual([]);
    expect(data.hostKey?.privateKey).toBe(key.privateKeyOpenSsh);
    expect([...data.commands, ...data.scripts].length).toBeGreaterThan(0);
  });

  test('is the same each time', () => {
    expect(mergedUserData(ours, given)).toBe(merged);
  });
});

test('without user data of the caller, ours is as it is', () => {
  expect(mergedUserData(ours, undefined)).toBe(ours);
});

test.each(['', 'é'])('the largest that is accepted fits into what Lambda takes (%j)', (first) => {
  const fits = (length: number): string => `#!/bin/sh\n${first}${'x'.repeat(length)}`;
  let [low, high] = [0, USER_DATA_MAX_BYTES];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (userDataProblems(fits(middle)).length === 0) low = middle;
    else high = middle;
  }
  const bytes = Buffer.byteLength(mergedUserData(ours, fits(low)));
  expect(bytes).toBeLessThanOrEqual(USER_DATA_MAX_BYTES);
  expect(bytes).toBeGreaterThan(USER_DATA_MAX_BYTES - OUR_USER_DATA_BYTES);
});
