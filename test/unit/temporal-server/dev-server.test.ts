import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { readServerEnvironment } from '../../../src/temporal-server/environment.ts';
import {
  registerSearchAttributes,
  resolveTemporalCli,
  startTemporalServer,
} from '../../../src/temporal-server/index.ts';
import type { StartServerOptions, TemporalServer } from '../../../src/temporal-server/index.ts';
import { isRunning } from '../../support/processes.ts';
import { executable, temporaryFolder } from './fakes.ts';

// The first build of the server takes minutes; no test's own time should be spent on it.
beforeAll(() => resolveTemporalCli({ onProgress: (line) => process.stderr.write(`${line}\n`) }), 30 * 60_000);

test(
  'serves a client, knows its search attributes, and leaves no process when stopped',
  { timeout: 60_000 },
  async () => {
    const server = await start({ searchAttributes: { NavarchNode: 'Keyword', NavarchNeedsAttention: 'Bool' } });
    expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(server.uiUrl).toBeUndefined();
    const client = await clientOf(server);
    await client.workflow.start('anything', {
      workflowId: 'one',
      taskQueue: 'nobody',
      typedSearchAttributes: new TypedSearchAttributes([
        { key: defineSearchAttributeKey('NavarchNode', 'KEYWORD'), value: 'a1' },
      ]),
    });
    expect((await client.workflow.getHandle('one').describe()).type).toBe('anything');
    await server.stop();
    expect(isRunning(server.pid)).toBe(false);
    await server.stop();
  },
);

test('shows the web UI if asked to', { timeout: 60_000 }, async () => {
  const server = await start({ ui: true });
  const page = await fetch(server.uiUrl ?? 'no UI');
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<html');
});

test('goes on from its database file after it was killed', { timeout: 60_000 }, async () => {
  const dbFilename = join(await temporaryFolder(), 'temporal.db');
  const first = await start({ dbFilename });
  await (await clientOf(first)).workflow.start('anything', { workflowId: 'kept', taskQueue: 'nobody' });
  process.kill(first.pid, 'SIGKILL');
  await first.stop();
  const second = await start({ dbFilename });
  expect((await (await clientOf(second)).workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
});

test('says why it did not start, in the words of its own log', { timeout: 60_000 }, async () => {
  const dbFilename = join(await temporaryFolder(), 'no such folder', 'temporal.db');
  await expect(startTemporalServer({ dbFilename })).rejects.toThrow(
    /dev server at 127\.0\.0\.1:\d+ did not start: it ended by itself; what it said:\n.*no such folder/s,
  );
});

test(
  'a server that crashes while it starts is started again, and three times is enough',
  { timeout: 60_000 },
  async () => {
    const folder = await temporaryFolder();
    const real = await resolveTemporalCli();
    // As Go does it: the reason first, then a trace that is longer than anybody keeps.
    const crash = `echo "panic: number $crashes"; echo "goroutine 1 [running]:"; i=0; while [ $i -lt 100 ]; do echo "main.f$i(...)"; i=$((i + 1)); done; exit 2`;
    const crashing = (times: number) =>
      executable(
        join(folder, `crashes-${times}`),
        `if [ "$1" = --version ]; then exec '${real}' --version; fi
echo >> '${folder}/starts-${times}'
crashes=$(wc -l < '${folder}/starts-${times}')
if [ $crashes -le ${times} ]; then ${crash}; fi
exec '${real}' "$@"`,
      );
    const environment = { ...readServerEnvironment(), temporalCliPath: await crashing(2) };
    expect(isRunning((await start({ environment })).pid)).toBe(true);
    const hopeless = { ...environment, temporalCliPath: await crashing(3) };
    await expect(startTemporalServer({ environment: hopeless })).rejects.toThrow(
      /what it said:\npanic: number 3\ngoroutine 1 .*\n…\n.*main\.f99\(\.\.\.\)$/s,
    );
  },
);

test('a given port that is in use is refused, so that nobody else answers in its place', async () => {
  const taken = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => taken.close(() => resolve())));
  const { port } = taken.address() as AddressInfo;
  await expect(startTemporalServer({ port })).rejects.toThrow(`port: ${port} is in use on 127.0.0.1`);
});

test('writes its log to a file if given one', { timeout: 60_000 }, async () => {
  const logFile = join(await temporaryFolder(), 'server.log');
  const server = await start({ logFile });
  await server.stop();
  await expect.poll(() => readFile(logFile, 'utf8')).toContain('Server 1.');
});

test('search attributes may be registered again, but not with another type', { timeout: 60_000 }, async () => {
  const server = await start({ searchAttributes: { NavarchNode: 'Keyword' } });
  const { connection } = await clientOf(server);
  await registerSearchAttributes(connection, server.namespace, { NavarchNode: 'Keyword', NavarchPool: 'Keyword' });
  await registerSearchAttributes(connection, server.namespace, { NavarchNode: 'Keyword', NavarchPool: 'Keyword' });
  await expect(registerSearchAttributes(connection, server.namespace, { NavarchNode: 'Int' })).rejects.toThrow(
    'search attribute NavarchNode: exists in namespace default as INDEXED_VALUE_TYPE_KEYWORD, but Int is needed',
  );
});

async function start(options: StartServerOptions): Promise<TemporalServer> {
  const server = await startTemporalServer(options);
  onTestFinished(() => server.stop());
  return server;
}

async function clientOf(server: TemporalServer) {
  const connection = await Connection.connect({ address: server.address });
  onTestFinished(() => connection.close());
  return Object.assign(new Client({ connection, namespace: server.namespace }), { connection });
}
