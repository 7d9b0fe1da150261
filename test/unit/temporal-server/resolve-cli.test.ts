import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolveTemporalCli, ServerUnavailableError } from '../../../src/temporal-server/index.ts';
import { bareMachine, executable, fakeCli, fakeGo, temporaryFolder } from './fakes.ts';

describe('the executable that TEMPORAL_CLI_PATH names', () => {
  test('is used before anything else', async () => {
    const folder = await temporaryFolder();
    await fakeCli(join(folder, 'bin/temporal'));
    const named = await fakeCli(join(folder, 'mine/temporal'));
    const environment = bareMachine(folder, { temporalCliPath: named });
    expect(await resolveTemporalCli({ environment })).toBe(named);
  });

  test('is used even if it is old: whoever names it means it', async () => {
    const folder = await temporaryFolder();
    const named = await fakeCli(join(folder, 'old'), 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)');
    expect(await resolveTemporalCli({ environment: bareMachine(folder, { temporalCliPath: named }) })).toBe(named);
  });

  test('is an error that names the variable if it is missing, and nothing else is tried', async () => {
    const folder = await temporaryFolder();
    await fakeCli(join(folder, 'bin/temporal'));
    const environment = bareMachine(folder, { temporalCliPath: join(folder, 'nowhere') });
    await expect(resolveTemporalCli({ environment })).rejects.toThrow(
      /^TEMPORAL_CLI_PATH names .*nowhere, which is not an executable file; correct it, or unset it/,
    );
  });

  test('is an error with its own words if it does not run', async () => {
    const folder = await temporaryFolder();
    const named = await executable(join(folder, 'broken'), 'echo "no such library" >&2; exit 7');
    const environment = bareMachine(folder, { temporalCliPath: named });
    await expect(resolveTemporalCli({ environment })).rejects.toThrow(/does not run \(--version ended with 7: no such/);
  });
});

describe('a `temporal` on PATH', () => {
  test('is used if its server obeys priorities', async () => {
    const folder = await temporaryFolder();
    const onPath = await fakeCli(join(folder, 'bin/temporal'));
    expect(await resolveTemporalCli({ environment: bareMachine(folder) })).toBe(onPath);
  });

  test('is passed over, and said so, if its server is too old', async () => {
    const folder = await temporaryFolder();
    await fakeCli(join(folder, 'bin/temporal'), 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)');
    await fakeGo(join(folder, 'bin/go'));
    const said: string[] = [];
    const found = await resolveTemporalCli({
      environment: bareMachine(folder),
      onProgress: (line) => said.push(line),
    });
    expect(found).toContain(join(folder, 'cache'));
    expect(said[0]).toMatch(/not using .*bin\/temporal: it holds server 1\.29, which ignores priorities/);
  });

  test('is passed over if it is another program of that name', async () => {
    const folder = await temporaryFolder();
    await fakeCli(join(folder, 'bin/temporal'), 'temporal, a calendar');
    await expect(resolveTemporalCli({ environment: bareMachine(folder) })).rejects.toThrow(/is not the Temporal CLI/);
  });
});

describe('a build with Go', () => {
  test('is made once and found in the cache afterwards, under its version', async () => {
    const folder = await temporaryFolder();
    await fakeGo(join(folder, 'bin/go'));
    const environment = bareMachine(folder);
    const first = await resolveTemporalCli({ environment });
    expect(first).toMatch(/cache\/temporal-1\.8\.2-[0-9a-f]{12}\/temporal$/);
    expect(await resolveTemporalCli({ environment })).toBe(first);
    expect(await buildsIn(folder)).toHaveLength(1);
    expect(await readdir(dirname(first))).toEqual(['temporal']);
  });

  test('says from the start that it takes minutes', async () => {
    const folder = await temporaryFolder();
    await fakeGo(join(folder, 'bin/go'));
    const said: string[] = [];
    await resolveTemporalCli({ environment: bareMachine(folder), onProgress: (line) => said.push(line) });
    expect(said[0]).toMatch(/building the Temporal server with go 1\.26\.8.*about four minutes/);
  });

  test('is not tried with a toolchain older than go.mod asks for', async () => {
    const folder = await temporaryFolder();
    await fakeGo(join(folder, 'bin/go'), { version: '1.19.8' });
    await expect(resolveTemporalCli({ environment: bareMachine(folder) })).rejects.toThrow(
      /go build: go is 1\.19\.8; 1\.26\.4 or newer is needed/,
    );
  });

  test('that fails halfway leaves nothing that would be believed', async () => {
    const folder = await temporaryFolder();
    await fakeGo(join(folder, 'bin/go'), { before: 'echo half > "$out"; echo "link: no space left" >&2; exit 1' });
    const environment = bareMachine(folder);
    await expect(resolveTemporalCli({ environment })).rejects.toThrow(/go build: ended with 1: link: no space left/);
    expect(await readdir(environment.cacheDir)).toEqual([]);
  });

  test('whose result does not run is not believed either', async () => {
    const folder = await temporaryFolder();
    await fakeGo(join(folder, 'bin/go'), { before: `echo half > "$out"; /bin/chmod 755 "$out"; exit 0` });
    const environment = bareMachine(folder);
    await expect(resolveTemporalCli({ environment })).rejects.toThrow(/go build: made, but does not run/);
    expect(await readdir(environment.cacheDir)).toEqual([]);
  });

  test('replaces a cached executable that no longer runs', async () => {
    const folder = await temporaryFolder();
    await fakeGo(join(folder, 'bin/go'));
    const environment = bareMachine(folder);
    const path = await resolveTemporalCli({ environment });
    await writeFile(path, 'damaged');
    expect(await resolveTemporalCli({ environment })).toBe(path);
    expect(await buildsIn(folder)).toHaveLength(2);
  });
});

test('with nothing at all there is one error: each thing tried with its reason, and what to do', async () => {
  const folder = await temporaryFolder();
  const error: unknown = await resolveTemporalCli({ environment: bareMachine(folder) }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ServerUnavailableError);
  const lines = (error as Error).message.split('\n');
  expect(lines[0]).toBe('no Temporal dev server could be found or made:');
  expect(lines[1]).toBe('  - TEMPORAL_CLI_PATH: not set');
  expect(lines[2]).toBe('  - temporal on PATH: not found');
  expect(lines[3]).toMatch(/^ {2}- cache \(.*\): empty$/);
  expect(lines[4]).toMatch(/^ {2}- download from http:\/\/127\.0\.0\.1:1: ./);
  expect(lines[5]).toBe('  - go build: go is not on PATH (1.26.4 or newer is needed)');
  expect(lines[6]).toMatch(/^What to do: install the Temporal CLI/);
});

async function buildsIn(folder: string): Promise<string[]> {
  return (await readFile(join(folder, 'bin/builds'), 'utf8')).trim().split('\n');
}
