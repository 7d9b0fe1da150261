import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { resolveTemporalCli } from '../../../src/temporal-server/index.ts';
import { bareMachine, fakeCli, fakeGo, temporaryFolder } from './fakes.ts';

test('asks as an SDK does, takes the named file out of the archive, and keeps only that', async () => {
  const folder = await temporaryFolder();
  const asked: string[] = [];
  const archive = await archiveOf(folder, 'release/temporal');
  const origin = await listen((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/archive') response.end(archive);
    else response.end(JSON.stringify({ archiveUrl: `${origin}/archive`, fileToExtract: 'release/temporal' }));
  });
  const path = await resolveTemporalCli({ environment: bareMachine(folder, { downloadUrl: origin }) });
  expect(asked[0]).toMatch(
    /^\/cli\/v1\.8\.2\?arch=\w+&platform=\w+&format=tar\.gz&sdk-name=sdk-typescript&sdk-version=\d/,
  );
  expect(await readdir(dirname(path))).toEqual(['temporal']);
});

test('is tried before a build, because a build takes minutes', async () => {
  const folder = await temporaryFolder();
  await fakeGo(join(folder, 'bin/go'));
  const archive = await archiveOf(folder, 'temporal');
  const origin = await listen((request, response) => {
    if (request.url === '/archive') response.end(archive);
    else response.end(JSON.stringify({ archiveUrl: `${origin}/archive`, fileToExtract: 'temporal' }));
  });
  await resolveTemporalCli({ environment: bareMachine(folder, { downloadUrl: origin }) });
  await expect(readFile(join(folder, 'bin/builds'))).rejects.toThrow('ENOENT');
});

test.for<[string, RequestListener, RegExp]>([
  ['refuses', (_, response) => response.writeHead(404).end(), /download .*: HTTP 404 from 127\.0\.0\.1/],
  ['answers a web page', (_, response) => response.end('<html>'), /download .*: Unexpected token/],
  ['names no archive', (_, response) => response.end('{}'), /download .*: unexpected answer: .*archiveUrl/],
  ['hangs up', (request) => request.socket.destroy(), /download .*: fetch failed: ./],
])('a download server that %s is one of the reasons given', async ([, listener, reason]) => {
  const folder = await temporaryFolder();
  const environment = bareMachine(folder, { downloadUrl: await listen(listener) });
  await expect(resolveTemporalCli({ environment })).rejects.toThrow(reason);
});

test('an archive that is cut off is not believed', async () => {
  const folder = await temporaryFolder();
  const archive = await archiveOf(folder, 'temporal');
  const origin = await listen((request, response) => {
    if (request.url === '/archive') response.end(archive.subarray(0, archive.length / 2));
    else response.end(JSON.stringify({ archiveUrl: `${origin}/archive`, fileToExtract: 'temporal' }));
  });
  const environment = bareMachine(folder, { downloadUrl: origin });
  await expect(resolveTemporalCli({ environment })).rejects.toThrow(/download .*: tar ended with/);
  expect(await readdir(environment.cacheDir)).toEqual([]);
});

async function archiveOf(folder: string, name: string): Promise<Buffer> {
  const content = join(folder, 'content');
  await fakeCli(join(content, name));
  const file = join(folder, 'archive.tar.gz');
  await promisify(execFile)('tar', ['-czf', file, '-C', content, name]);
  return readFile(file);
}

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
