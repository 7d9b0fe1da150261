import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { LambdaError } from '../../../src/clients/lambda/index.ts';
import { clientView } from '../../../src/live-check/client-view.ts';
import { readRecording } from '../../../src/live-check/fixtures.ts';

// What live-checks have recorded, read by our client's own parsers: a change of theirs must still take what Lambda was seen to send.

const FOLDER = fileURLToPath(new URL('../../contract/live/', import.meta.url));
const FILES = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));

test('there is a recording', () => {
  expect(FILES).not.toEqual([]);
});

describe.each(FILES)('%s', (file) => {
  test('every answer is read, and every refusal is one of our errors', async () => {
    const { exchanges } = await readRecording(FOLDER + file);
    expect(exchanges.map(({ path }) => path)).toContain('/instance-operations/launch');
    for (const { method, path, status, headers, body } of exchanges) {
      if (status === null) continue;
      const read = (): unknown =>
        clientView({ method, path, status, headers, text: typeof body === 'string' ? body : JSON.stringify(body) });
      if (status < 300) expect(read, `${method} ${path}`).not.toThrow();
      else expect(read, `${method} ${path}`).toThrow(LambdaError);
    }
  });
});
