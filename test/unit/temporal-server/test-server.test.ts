import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import getPort from 'get-port';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  registerSearchAttributes,
  resolveTestServer,
  ServerUnavailableError,
} from '../../../src/temporal-server/index.ts';
import { listens } from '../../../src/temporal-server/readiness.ts';
import { isRunning } from '../../support/processes.ts';
import { bareMachine, executable, temporaryFolder } from './fakes.ts';

describe('the time-skipping test server', { timeout: 60_000 }, () => {
  let path: string;
  beforeAll(async () => {
    path = await resolveTestServer({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  }, 10 * 60_000);

  test('is started by the SDK and skips a month', async () => {
    const environment = await environmentOf(path);
    const before = await environment.currentTimeMs();
    await environment.sleep('30 days');
    expect((await environment.currentTimeMs()) - before).toBeGreaterThanOrEqual(30 * 86_400_000);
  });

  test('takes search attributes, also again', async () => {
    const environment = await environmentOf(path);
    const wanted = { NavarchNode: 'Keyword', NavarchNeedsAttention: 'Bool' } as const;
    await registerSearchAttributes(environment.connection, 'default', wanted);
    await registerSearchAttributes(environment.connection, 'default', wanted);
  });

  test('does not outlive a test process that is killed before it could end it', async () => {
    const port = await getPort({ host: '127.0.0.1' });
    const starting = `const { pid } = require('node:child_process').spawn(process.argv[1], [process.argv[2]], { stdio: 'ignore' });
      console.log(pid); setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['-e', starting, path, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    await expect.poll(() => listens('127.0.0.1', port), { timeout: 30_000 }).toBe(true);
    expect(isRunning(Number(line))).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isRunning(Number(line)), { timeout: 20_000 }).toBe(false);
  });
});

test('is not looked for if TEMPORAL_TEST_SERVER_PATH names one that does not start', async () => {
  const folder = await temporaryFolder();
  const temporalTestServerPath = await executable(join(folder, 'broken'), 'echo "wrong architecture"; exit 1');
  await expect(resolveTestServer({ environment: bareMachine(folder, { temporalTestServerPath }) })).rejects.toThrow(
    /TEMPORAL_TEST_SERVER_PATH names .*broken, which does not start \(it ended by itself\): wrong architecture/,
  );
});

test('with neither network nor Java there is one error with each reason', async () => {
  const folder = await temporaryFolder();
  const error: unknown = await resolveTestServer({ environment: bareMachine(folder) }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ServerUnavailableError);
  expect((error as Error).message).toMatch(
    /time-skipping.*\n.*not set\n.*empty\n.*download.*\n.*java is not on PATH.*\nWhat to do/,
  );
});

test('is copied by Maven from the versions in the pom, and a failure of Maven is told in its words', async () => {
  const folder = await temporaryFolder();
  await executable(join(folder, 'bin/java'), 'true');
  await executable(join(folder, 'bin/mvn'), `echo "$@" > '${join(folder, 'asked')}'; echo "[ERROR] offline"; exit 1`);
  await expect(resolveTestServer({ environment: bareMachine(folder) })).rejects.toThrow(
    /Maven and Java: mvn ended with 1: \[ERROR\] offline/,
  );
  expect(await readFile(join(folder, 'asked'), 'utf8')).toMatch(
    /-f .*tools\/temporal-server\/pom\.xml dependency:copy-dependencies/,
  );
});

async function environmentOf(path: string): Promise<TestWorkflowEnvironment> {
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  onTestFinished(() => environment.teardown());
  return environment;
}
