import { randomUUID } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from 'vitest';
import { readCompose, serviceOf, type Compose, type Service } from '../support/compose.ts';
import { buildImage, type Image } from '../support/image/build.ts';
import { canConfine, runContainer, startContainer, type Container } from '../support/image/container.ts';

// The image without a container engine: the Dockerfile's own steps in clean folders, then what docker-compose.yml starts of it, with the
// addresses replaced that a container network would give.

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const namespace = `image-${randomUUID().slice(0, 8)}`;

let image: Image;
/** Compiling, an installation and a bundle: half a minute of two cores, and much more of cores that others use. */
const BUILD_MS = 600_000;
let compose: Compose;
const running = new Map<string, Container>();

beforeAll(async () => {
  compose = await readCompose(REPOSITORY);
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  const day = msToTs('1 day');
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: day });
  await connection.close();
  image = await buildImage(REPOSITORY);
}, BUILD_MS);

afterAll(async () => {
  for (const container of running.values()) await container.stop().catch(() => undefined);
  await Promise.all([...running.values()].map(({ ended }) => ended));
  await (image as Image | undefined)?.remove();
}, 120_000);

const app = (...path: string[]): string => join(image.root, image.workdir, ...path);

test('only what runs is in it: no sources, no tools of the build, one native engine', async () => {
  expect(await readdir(app())).toEqual(
    'CHANGELOG.md LICENSE bin data dist healthcheck.mjs node_modules package.json'.split(' '),
  );
  const modules = await readdir(app('node_modules'));
  for (const tool of ['typescript', 'vitest', 'eslint', 'prettier', 'execa']) expect(modules).not.toContain(tool);
  const engines = await readdir(app('node_modules/@temporalio/core-bridge/releases'));
  expect(engines).toEqual([`${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-unknown-linux-gnu`]);
  expect((await stat(app('dist/workflow-bundle.js'))).size).toBeGreaterThan(100_000);
});

/** What the containers are given instead of the addresses of a container network. */
const ports = { lambda: 8081, navarch: 8082, ssh: 2222, health: 8080, metrics: 9464 };
let replaced: Readonly<Record<string, string>>;

function here(text: string): string {
  const pattern = new RegExp(Object.keys(replaced).join('|'), 'g');
  return text.replace(pattern, (found) => replaced[found] ?? found);
}

function start(name: string): Container {
  const { service, ...options } = asComposed(name);
  const container = startContainer(image, {
    ...options,
    ...(service.command === undefined ? {} : { command: service.command.map(here) }),
  });
  running.set(name, container);
  return container;
}

function asComposed(name: string): {
  service: Service;
  environment: Record<string, string>;
  volumes: { path: string; writable: boolean }[];
} {
  const service = serviceOf(compose, name);
  const environment = Object.entries({ ...image.environment, ...service.environment }).map(([variable, value]) => [
    variable,
    here(value),
  ]);
  const volumes = (service.volumes ?? []).map((volume) => {
    const [, path = '', mode] = volume.split(':');
    return { path, writable: mode !== 'ro' };
  });
  return { service, environment: Object.fromEntries(environment) as Record<string, string>, volumes };
}

/** A further command in the service's container: `docker compose exec`. */
function run(name: string, ...argv: readonly string[]): Promise<{ exitCode: number | undefined; all: string }> {
  const { environment, volumes } = asComposed(name);
  return runContainer(image, { environment, volumes, entrypoint: [], command: argv.map(here) });
}

/** The exit code of the service's own health check. */
async function health(name: string): Promise<number | undefined> {
  const [kind, ...argv] = serviceOf(compose, name).healthcheck?.test ?? [];
  expect(kind).toBe('CMD');
  return (await run(name, ...argv)).exitCode;
}

test('simulator, setup and worker start as composed, provision a node, and end cleanly', async () => {
  onTestFailed(async () => {
    for (const container of running.values()) await container.stop().catch(() => undefined);
    for (const [name, { ended }] of running) process.stderr.write(`${name}:\n${(await ended).all}\n`);
  });
  const free = await Promise.all(Object.keys(ports).map(() => getPort({ host: '127.0.0.1' })));
  replaced = {
    'temporal:7233': inject('temporalAddress'),
    'navarch-simulator': namespace,
    'nexus-endpoint=navarch-provisioner-simulator': `nexus-endpoint=${namespace}`,
    // Faster: how long it takes is not what is shown here.
    '--clock-factor=10': '--clock-factor=40',
    ...Object.fromEntries(Object.values(ports).map((port, index) => [String(port), String(free[index])])),
  };

  const simulator = start('simulator');
  await expect.poll(() => health('simulator'), { timeout: 120_000, interval: 500 }).toBe(0);
  const setup = await start('setup-simulated').ended;
  expect(setup, setup.all).toMatchObject({ exitCode: 0 });

  const worker = start('worker-simulated');
  expect(await health('worker-simulated')).toBe(1);
  await expect.poll(() => health('worker-simulated'), { timeout: 120_000, interval: 500 }).toBe(0);
  expect((await run('worker-simulated', ...image.stage.healthCheck)).exitCode).toBe(0);
  const ready = await fetch(`http://127.0.0.1:${free[3] ?? 0}/readyz`);
  expect(await ready.json()).toEqual({ status: 'ready' });
  expect(await (await fetch(`http://127.0.0.1:${free[4] ?? 0}/metrics`)).text()).toContain('temporal_');

  const cli = ['navarch-provisioner', 'provision', 'trainer-1', '--type', 'gpu_1x_h100_sxm5', '--wait', '--json'];
  const provisioned = await run('worker-simulated', ...cli);
  expect(provisioned, provisioned.all).toMatchObject({ exitCode: 0 });
  const ended = await run('worker-simulated', 'navarch-provisioner', 'terminate', 'trainer-1');
  expect(ended, ended.all).toMatchObject({ exitCode: 0 });

  await worker.stop();
  const drained = await worker.ended;
  expect(drained, drained.all).toMatchObject({ exitCode: 0 });
  expect(drained.all).toContain('"msg":"draining"');
  expect((await run('worker-simulated', ...image.stage.healthCheck)).exitCode).toBe(1);
  await simulator.stop();
  const closed = await simulator.ended;
  expect(closed.exitCode).toBe(0);
  expect(closed.all).toMatch(/1 instances? launched, 1 ended, none alive/);
}, 240_000);

test.runIf(canConfine)('nothing in it can be written, and its user is not root', async () => {
  const write = `require('fs').writeFileSync('dist/bin.js', '')`;
  const tried = await runContainer(image, { environment: {}, entrypoint: ['node'], command: ['-e', write] });
  expect(tried.all).toContain('EROFS');
  const whoami = await runContainer(image, {
    environment: {},
    entrypoint: ['node'],
    command: ['-p', 'process.getuid()'],
  });
  expect(whoami.all).toBe('1000');
});
