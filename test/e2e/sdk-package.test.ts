import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { createWorld, type World } from '../../src/demo/world.ts';
import { NodeProvisioner } from '../../src/sdk/index.ts';
import { installRuntime } from '../../src/worker-runtime.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';
import { packageProject, type Project } from '../support/package-project.ts';

// The package as a new user has it: packed, installed in an empty project, and the README's lines written into a file. In a namespace of its
// own, because those lines name no account.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const namespace = `new-user-${process.pid}`;
let project: Project;
let world: World;

beforeAll(async () => {
  const temporalAddress = inject('temporalAddress');
  const connection = await Connection.connect({ address: temporalAddress });
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') });
  const client = new Client({ connection, namespace });
  // The server's frontend hears of a new namespace within seconds.
  await vi.waitFor(() => client.workflow.count(), { timeout: 30_000, interval: 100 });
  await connection.close();
  project = await packageProject();
  world = await createWorld({
    temporalAddress,
    namespace,
    logger: installRuntime({ log: { level: 'error', format: 'json' }, metricsAddress: undefined }),
    clockFactor: 60,
    workflowBundlePath: inject('workflowBundlePath'),
  });
  await world.startWorker();
}, 120_000);
afterAll(async () => {
  await world.close();
  await project.remove();
});

/** The README's blocks of TypeScript, each a program. */
async function blocks(): Promise<string[]> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  return [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
}

test("the README's lines, in an empty project with the packed package, compile and provision a node", async () => {
  const [main = '', ...others] = await blocks();
  expect(main).toContain('NodeProvisioner.connect()');
  for (const [index, block] of [main, ...others].entries()) {
    expect(await project.compile(`readme-${index}`, block)).toBe('');
  }
  const environment = { TEMPORAL_ADDRESS: inject('temporalAddress'), TEMPORAL_NAMESPACE: namespace };
  const { exitCode, all } = await project.run('readme-0', environment);
  expect({ exitCode, all }).toMatchObject({ exitCode: 0 });
  const [instance] = world.simulator.record.instances;
  expect(all).toContain('\nready ');
  expect(all).toMatch(new RegExp(`^${instance?.address ?? 'no instance'} 8$`, 'm'));

  const provisioner = await NodeProvisioner.connect({ environment });
  await provisioner.terminate({ name: 'trainer-1' });
  await provisioner.close();
  expectCleanSlate(world.simulator);
});

test('types are there for a user: a wrong field and an unhandled failure do not compile', async () => {
  const complaints = await project.compile(
    'wrong',
    [
      "import { NodeProvisioner, type FailureType } from 'navarch-provisioner';",
      "export const ask = (p: NodeProvisioner) => p.provision({ name: 'a', instanceType: 'b', pools: 'c' });",
      "export const narrow = (type: Exclude<FailureType, 'unauthorized'>): 'unauthorized' => type;",
      'export const address = async (p: NodeProvisioner): Promise<number> => (await (await ask(p)).ready()).address;',
    ].join('\n'),
  );
  expect(complaints).toContain("'pools' does not exist in type");
  expect(complaints).toMatch(/wrong\.ts\(3,\d+\): error TS2322/);
  expect(complaints).toMatch(/wrong\.ts\(4,\d+\): error TS2322: Type 'string' is not assignable to type 'number'/);
});

interface Graph {
  readonly files: readonly string[];
  readonly missing: readonly string[];
  readonly packages: readonly { readonly name: string; readonly loaded: number; readonly installed: number }[];
}

async function graphFrom(entry: string): Promise<Graph> {
  const { stdout } = await execa(process.execPath, [join(ROOT, 'scripts', 'client-path.mjs'), '--json', entry]);
  return JSON.parse(stdout) as Graph;
}

const OURS_NEVER =
  /navarch-provisioner\/dist\/(activities|clients|workflows|simulator|cli|observability|demo|temporal-server|worker|config)/;
const NEVER =
  /^(@temporalio\/(worker|core-bridge|activity|testing)|ssh2|sshpk|cpu-features|fastify|got|@connectrpc\/.*|just-bash|pino.*|@opentelemetry\/.*)$/;

test('the import brings no native worker, no activity, no client of Lambda or SSH with it, not even lazily', async () => {
  const { files, missing, packages } = await graphFrom(
    join(project.folder, 'node_modules', 'navarch-provisioner', 'dist', 'sdk', 'index.js'),
  );
  expect(files.filter((file) => OURS_NEVER.test(file))).toEqual([]);
  expect(packages.map(({ name }) => name).filter((name) => NEVER.test(name))).toEqual([]);
  expect(files.filter((file) => file.endsWith('.node'))).toEqual([]);
  expect(missing).toEqual([]);
  expect(packages.map(({ name }) => name)).toContain('@temporalio/client');
  const loaded = packages.reduce((sum, one) => sum + one.loaded, 0);
  expect(loaded).toBeLessThan(6e6);
});

test('the walk would have seen them: from the worker it finds each', async () => {
  const { files, packages } = await graphFrom(join(ROOT, 'dist', 'worker.js'));
  const names = packages.map(({ name }) => name);
  for (const name of ['@temporalio/worker', '@temporalio/core-bridge', 'ssh2', 'got']) expect(names).toContain(name);
  expect(files.some((file) => file.includes('/dist/activities/'))).toBe(true);
});
