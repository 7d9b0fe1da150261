import { expect, test } from 'vitest';
import { connectWhenUp, run, testMachine } from './machine-support.ts';

test('a command sent over SSH runs on the machine, and its exit code and both outputs come back', async () => {
  const machine = testMachine();
  await machine.powerOn();
  const { client } = await connectWhenUp(machine);
  expect(await run(client, 'echo hello; echo oops >&2; exit 3')).toEqual({
    exitCode: 3,
    stdout: 'hello\n',
    stderr: 'oops\n',
  });
});
