import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { createWorld, type World } from '../../src/demo/world.ts';
import type { Finding } from '../../src/sdk/index.ts';
import { installRuntime } from '../../src/worker-runtime.ts';
import { cliRun, type CliRun } from '../support/cli-run.ts';

// `doctor` on a real Temporal server with a real worker, and one thing broken at a time. The worker's secrets are in files, which it reads
// again at each use: breaking one needs no other worker.

const address = inject('temporalAddress');
const account = `doctor-${randomUUID().slice(0, 8)}`;
const env = { TEMPORAL_ADDRESS: address, NAVARCH_ACCOUNT: account };
const NAVARCH_TOKEN = 'navarch-token-of-the-doctor-test';

let folder: string;
let world: World;
let temporal: Client;
let downloads: Server;
let missingDownload: string | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'navarch-doctor-'));
  temporal = new Client({ connection: await Connection.connect({ address }) });
  downloads = createServer((request, response) => {
    const isMissing = missingDownload !== undefined && request.url?.endsWith(missingDownload) === true;
    response.writeHead(isMissing ? 404 : 200).end('agent');
  });
  await new Promise<void>((resolve) => downloads.listen(0, '127.0.0.1', resolve));
  world = await createWorld({
    temporalAddress: address,
    logger: installRuntime({ log: { level: 'error', format: 'json' }, metricsAddress: undefined }),
    account,
    clockFactor: 40,
    // The test asks Lambda beside the worker.
    limits: 'off',
    navarchToken: NAVARCH_TOKEN,
    sshKeyFile: join(folder, 'ssh-key'),
    environment: {
      NAVARCH_AUTH_TOKEN_FILE: join(folder, 'navarch-token'),
      NAVARCH_AGENT_DOWNLOAD_URL: `http://127.0.0.1:${(downloads.address() as AddressInfo).port}`,
    },
    workflowBundlePath: inject('workflowBundlePath'),
  });
  await writeFile(join(folder, 'navarch-token'), NAVARCH_TOKEN);
});

afterAll(async () => {
  await world.close();
  await new Promise((resolve) => downloads.close(resolve));
  await temporal.connection.close();
  await rm(folder, { recursive: true });
});

function doctor(...flags: readonly string[]): Promise<CliRun> {
  return cliRun(env, 'doctor', ...flags);
}

/** What is not ok, with what is said of it. */
async function complaints(...flags: readonly string[]): Promise<{ code: number; found: Record<string, string> }> {
  const { code, stdout } = await doctor('--json', ...flags);
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] };
  const bad = findings.filter(({ verdict }) => verdict !== 'ok');
  return { code, found: Object.fromEntries(bad.map(({ check, seen, todo }) => [check, `${seen} → ${todo ?? ''}`])) };
}

test('without a worker: Temporal’s part is told, and how to start one', async () => {
  await cliRun(env, 'setup');
  const { code, stdout, stderr } = await doctor();
  expect(code).toBe(7);
  expect(stdout).toMatch(/^ok +temporal .* answers, server \d/m);
  expect(stdout).toMatch(/^ok +search-attributes /m);
  expect(stdout).toMatch(/^ok +sweep-schedule /m);
  expect(stdout).toMatch(/^wrong +worker .*no worker polls/m);
  expect(stdout).toContain(`TEMPORAL_ADDRESS=${address} NAVARCH_ACCOUNT=${account} navarch-provisioner worker`);
  expect(stderr).toContain('1 of 5 checks is not ok: worker');
});

test('with everything in place each line is ok', async () => {
  await world.startWorker();
  const { code, stdout, stderr } = await doctor();
  expect(stdout.split('\n').filter((line) => line !== '' && !line.startsWith('ok '))).toEqual([]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { findings } = JSON.parse((await doctor('--json')).stdout) as { findings: readonly Finding[] };
  expect(findings.map(({ check }) => check)).toEqual([
    'temporal',
    'namespace',
    'search-attributes',
    'sweep-schedule',
    'worker',
    'temporal-clock',
    'lambda-key',
    'ssh-key',
    'lambda-clock',
    'navarch',
    'agent-download',
  ]);
  // P8
  const secrets = [world.simulator.apiKey, NAVARCH_TOKEN];
  for (const secret of secrets) expect(JSON.stringify(findings)).not.toContain(secret);
});

interface Trouble {
  readonly title: string;
  /** What has to be said, by check; nothing else may be. */
  readonly says: Readonly<Record<string, RegExp>>;
  /** Breaks it, and leaves in `mend` what takes that back. */
  readonly cause: () => unknown;
}

async function lambda<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
  const response = await fetch(`${world.simulator.lambdaUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${world.simulator.apiKey}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} answers ${response.status}`);
  return (await response.json()) as T;
}

const newKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;

const troubles: readonly Trouble[] = [
  {
    title: 'Lambda does not take the key',
    cause: () => {
      const { controls, apiKey } = world.simulator;
      controls.revokeKey(apiKey);
      mend = () => controls.restoreKey(apiKey);
    },
    says: { 'lambda-key': /refuses the worker.*→.*LAMBDA_API_KEY/, 'ssh-key': /not looked at/ },
  },
  {
    title: 'the SSH key is of another pair',
    cause: async () => {
      const path = join(folder, 'ssh-key');
      const own = await readFile(path, 'utf8');
      await writeFile(path, newKey());
      mend = () => writeFile(path, own);
    },
    says: { 'ssh-key': /Lambda's key provisioner is another one \(SHA256:.*→.*NAVARCH_SSH_PRIVATE_KEY/ },
  },
  {
    title: 'Lambda knows the SSH key under another name',
    cause: async () => {
      const { data } = await lambda<{ data: { id: string; public_key: string }[] }>('/ssh-keys');
      const { id, public_key } = data[0] ?? { id: '', public_key: '' };
      await lambda(`/ssh-keys/${id}`, 'DELETE');
      await lambda('/ssh-keys', 'POST', { name: 'renamed', public_key });
      mend = () => lambda('/ssh-keys', 'POST', { name: 'provisioner', public_key });
    },
    says: { 'ssh-key': /no SSH key named provisioner \(it has: renamed\).*→ set LAMBDA_SSH_KEY_NAME=renamed/ },
  },
  {
    title: 'Navarch cannot be reached',
    cause: () => {
      world.simulator.controls.setNavarchUp(false);
      mend = () => world.simulator.controls.setNavarchUp(true);
    },
    says: { navarch: /cannot be reached.*→.*NAVARCH_CONTROL_PLANE_URL/ },
  },
  {
    title: 'Navarch does not take the token',
    cause: async () => {
      await writeFile(join(folder, 'navarch-token'), 'another-token');
      mend = () => writeFile(join(folder, 'navarch-token'), NAVARCH_TOKEN);
    },
    says: { navarch: /does not accept the auth token.*→.*NAVARCH_AUTH_TOKEN/ },
  },
  {
    title: 'the worker’s clock is not Lambda’s',
    cause: () => {
      world.simulator.controls.setDateAhead(-90_000);
      mend = () => world.simulator.controls.setDateAhead(0);
    },
    says: { 'lambda-clock': /1m 30s ahead of Lambda's.*→.*NTP/ },
  },
  {
    title: 'the agent cannot be downloaded for one architecture',
    cause: () => {
      missingDownload = 'arm64';
      mend = () => void (missingDownload = undefined);
    },
    says: { 'agent-download': /navarch-node-linux-arm64 answers 404 →.*NAVARCH_AGENT_DOWNLOAD_URL/ },
  },
  {
    title: 'the Schedule is paused',
    cause: async () => {
      const schedule = temporal.schedule.getHandle(`sweep-orphans/${account}`);
      await schedule.pause('for maintenance');
      mend = () => schedule.unpause();
    },
    says: { 'sweep-schedule': /is paused \(for maintenance\).*→ run: temporal schedule toggle .* --unpause/ },
  },
  {
    title: 'the Schedule has ended',
    cause: async () => {
      await temporal.schedule.getHandle(`sweep-orphans/${account}`).update(({ spec, ...rest }) => {
        return { ...rest, spec: { ...spec, endAt: new Date(1_000_000) } };
      });
      mend = () => cliRun(env, 'setup');
    },
    says: { 'sweep-schedule': /never runs again.*→ run: navarch-provisioner setup/ },
  },
  {
    title: 'the Schedule has no action left',
    cause: async () => {
      await temporal.schedule.getHandle(`sweep-orphans/${account}`).update((found) => {
        return { ...found, state: { ...found.state, remainingActions: 0 } };
      });
      mend = () => cliRun(env, 'setup');
    },
    says: { 'sweep-schedule': /sweep-orphans.*→ run: navarch-provisioner setup/ },
  },
  {
    title: 'there is no Schedule',
    cause: async () => {
      await temporal.schedule.getHandle(`sweep-orphans/${account}`).delete();
      mend = () => cliRun(env, 'setup');
    },
    says: { 'sweep-schedule': /there is no Schedule.*→ run: navarch-provisioner setup/ },
  },
];

let mend: () => unknown = () => undefined;

beforeEach(async () => {
  await mend();
  mend = () => undefined;
});

test.each(troubles)('$title: that is said, with what to do, and nothing else', async ({ cause, says }) => {
  await cause();
  const { code, found } = await complaints();
  expect(Object.keys(found)).toEqual(Object.keys(says));
  for (const [check, words] of Object.entries(says)) expect(found[check]).toMatch(words);
  expect(code).toBe(8);
});

test('what was broken is mended, and all is ok again', async () => {
  expect(await complaints()).toEqual({ code: 0, found: {} });
});

test('a namespace without what it needs: each missing thing is said, and the command that makes it', async () => {
  const namespace = `doctor-${randomUUID().slice(0, 8)}`;
  const workflowExecutionRetentionPeriod = { seconds: 86_400 as never };
  await temporal.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod });
  const missing = async (): Promise<readonly string[]> =>
    Object.keys((await complaints('--namespace', namespace)).found);
  await expect.poll(missing, { timeout: 30_000 }).toEqual(['search-attributes', 'sweep-schedule', 'worker']);
  const { found } = await complaints('--namespace', namespace);
  expect(found['search-attributes']).toMatch(/^missing: NavarchNode, .*→ run: navarch-provisioner setup$/);
  expect(found['sweep-schedule']).toContain('there is no Schedule');
  expect(found['worker']).toContain(`TEMPORAL_NAMESPACE=${namespace}`);

  const nowhere = await complaints('--namespace', 'nowhere-at-all');
  expect(nowhere.found['namespace']).toContain('temporal operator namespace create');
});

test('Temporal does not answer: that is all there is to say', async () => {
  const { code, found } = await complaints('--address', '127.0.0.1:1');
  expect(code).toBe(7);
  expect(Object.keys(found)).toEqual(['temporal']);
  expect(found['temporal']).toMatch(/cannot reach Temporal at 127\.0\.0\.1:1.*→.*TEMPORAL_ADDRESS/);
});
