import { describe, expect, test } from 'vitest';
import {
  OUR_USER_DATA_BYTES,
  USER_DATA_MAX_BYTES,
  userDataEncoding,
  userDataProblems,
  userDataType,
} from '../../../src/domain/user-data.ts';

describe('user data of the caller', () => {
  test.each([
    ['#cloud-config\npackages: [jq]\n', 'text/cloud-config'],
    ['#cloud-config-archive\n- type: text/cloud-config\n', 'text/cloud-config-archive'],
    ['#!/bin/bash\necho hi\n', 'text/x-shellscript'],
    ['#cloud-boothook\n#!/bin/sh\n', 'text/cloud-boothook'],
    ['#include\nhttps://example.com/a\n', 'text/x-include-url'],
    ['#include https://example.com/a\n', 'text/x-include-url'],
    ['#include-once\nhttps://example.com/a\n', 'text/x-include-once-url'],
    ['#part-handler\n', 'text/part-handler'],
    ['## template: jinja\n#cloud-config\n', 'text/jinja2'],
    ['Content-Type: multipart/mixed; boundary="b"\nMIME-Version: 1.0\n\n--b--\n', 'message'],
    ['MIME-Version: 1.0\r\nContent-Type: text/x-shellscript\r\n\r\n#!/bin/sh\r\n', 'message'],
    ['\n#Cloud-Config\n', 'text/cloud-config'],
  ])('%j is what cloud-init takes it for', (text, type) => {
    expect(userDataType(text)).toBe(type);
    expect(userDataProblems(text)).toEqual([]);
  });

  test.each(['echo hi', 'packages: [jq]', '# cloud-config', '#cloud-configuration', '{"a": 1}'])(
    'what cloud-init would not know is refused before anything is launched: %j',
    (text) => {
      expect(userDataProblems(text)).toEqual([expect.stringMatching(/^must begin as cloud-init user data does/)]);
    },
  );

  test.each(['', ' \n'])('what is empty is refused: %j', (text) => {
    expect(userDataProblems(text)).toEqual(['must not be empty']);
  });

  test('what is no text is refused', () => {
    expect(userDataProblems('#!/bin/sh\necho \0')).toEqual(['must be text, without NUL characters']);
  });

  test.each([
    '#cloud-config\nssh_keys: {}\n',
    '#cloud-config\n"ssh_keys" : {}\n',
    '#cloud-config\n# ours\n---\npackages: [jq]\nssh_keys:\n  rsa_private: x\n',
    '#cloud-config\n  packages: [jq]\n  ssh_keys: {}\n',
    '#cloud-config\n{"packages": ["jq"], "ssh_keys": {}}\n',
  ])('a host key of the caller is refused, and trust-first named: %j', (text) => {
    expect(userDataProblems(text)).toEqual([expect.stringMatching(/^must not set ssh_keys: .*hostKey: "trust-first"/)]);
  });

  test('so is what else decides about host keys', () => {
    expect(userDataProblems('#cloud-config\nssh_deletekeys: false\nssh_genkeytypes: [rsa]\n')).toHaveLength(2);
  });

  test.each([
    '#cloud-config\nssh_authorized_keys: [a]\n',
    '#cloud-config\nwrite_files:\n- path: /a\n  content: |\n    ssh_keys: in a file\n',
    '#!/bin/sh\n# ssh_keys: in a script\n',
  ])('what only looks like it is not: %j', (text) => {
    expect(userDataProblems(text)).toEqual([]);
  });
});

describe('its size, with ours, within 1 MB', () => {
  const most = USER_DATA_MAX_BYTES - OUR_USER_DATA_BYTES;
  const script = (text: string): string => `#!/bin/sh\n${text}`;

  test('is counted in bytes as they are sent', () => {
    const fits = script('x'.repeat(most - 10));
    expect(userDataProblems(fits)).toEqual([]);
    expect(userDataProblems(`${fits}x`)).toEqual([expect.stringMatching(/at most 992000 bytes .* has 992001/)]);
  });

  test('is larger where it has to be encoded', () => {
    const text = script(`é${'x'.repeat(740_000)}`);
    expect(userDataEncoding(text)).toBe('base64');
    expect(userDataProblems(text)).toEqual([expect.stringMatching(/has 99/)]);
    expect(userDataProblems(script(`é${'x'.repeat(730_000)}`))).toEqual([]);
  });
});
