import { createPrivateKey, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { deriveHostKey } from '../../src/clients/ssh/host-key.ts';
import { mainTaskQueue } from '../../src/contract/task-queues.ts';
import { keepNodeId, provisionNodeId, sweepScheduleId, terminateNodeId } from '../../src/contract/workflow-ids.ts';
import { createWorld, type World } from '../../src/demo/world.ts';
import { TAG } from '../../src/domain/names.ts';
import type { InstanceTruth, Machine } from '../../src/simulator/index.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { expectCleanSlate } from '../support/clean-slate.ts';
import { run, startedWorker, untilShown, type CommandResult } from '../support/command-line.ts';
import { Places } from './secrets/places.ts';
import { watch } from './secrets/watch.ts';

// P8. Nodes live their whole lives, and everything is read that anybody could read meanwhile or afterwards, for anything that is secret.

const ACCOUNT = `secrets-${process.pid}`;

function random(): string {
  return randomBytes(24).toString('hex');
}

const LAMBDA_KEY = random();
const NAVARCH_TOKEN = random();
const HOST_KEY_SECRET = random();
const ONE_LINE = random();
const LINES = [random(), random()] as const;
/** No secret: it is put in the open, and has to be found wherever a secret would be. */
const PLANTED = random();

const SECRETS = { LOGIN: ONE_LINE, DEPLOY_KEY: `-----BEGIN KEY-----\n${LINES.join('\n')}\n-----END KEY-----\n` };

/** The agent by hand, with the token that it was given. */
const AGENT_BY_HAND = (downloads: string): readonly string[] => [
  `curl -fsSL -o /usr/local/bin/navarch-node ${downloads}/navarch-node-linux-amd64 && chmod 0755 /usr/local/bin/navarch-node`,
  'set -a; . /etc/navarch/agent.env; set +a; setsid nohup /usr/local/bin/navarch-node --server {{.ControlPlane}} --node-id {{.NodeID}} --provider {{.Provider}} --region {{.Region}} --instance-type {{.InstanceType}} > /var/log/agent.log 2>&1 < /dev/null &',
];

const [BUILT_IN, BY_HAND, FAILS] = [
  `secrets-built-in-${process.pid}`,
  `secrets-by-hand-${process.pid}`,
  `secrets-fails-${process.pid}`,
];
const NAMES = [BUILT_IN, BY_HAND, FAILS];

let folder: string;
let world: World;
let client: Client;
const places = new Places();
const outcomes: Record<string, CommandResult> = {};
/** What the machine that was given secrets wrote into its own log. */
let bootstrapLog: string | undefined;
/** What cloud-init on the two ready machines was given. */
let userData: readonly string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'navarch-secrets-'));
  world = await createWorld({
    temporalAddress: inject('temporalAddress'),
    logger: createLogger({ level: 'error', format: 'json' }),
    account: ACCOUNT,
    seed: 31,
    clockFactor: 60,
    apiKey: `secret_${LAMBDA_KEY}`,
    navarchToken: NAVARCH_TOKEN,
    afterEnd: { gettableMs: 3_600_000 },
  });
  client = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }) });
  await live();
}, 300_000);

afterAll(async () => {
  await client.connection.close();
  await world.close();
  await rm(folder, { recursive: true });
});

/** Everything happens here: the tests only look. */
async function live(): Promise<void> {
  const metricsAddress = `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
  const worker = startedWorker({
    ...(await secretsInFiles(world.environment)),
    NAVARCH_HTTP_ADDRESS: `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`,
    NAVARCH_METRICS_ADDRESS: metricsAddress,
    NAVARCH_LOG_LEVEL: 'trace',
  });
  await untilShown(worker.stderr, 'worker started');
  const ids = NAMES.flatMap((name) => [provisionNodeId(name), keepNodeId(name), terminateNodeId(name)]);
  const watching = watch(client, ids, places);

  const flags = ['--type', 'gpu_1x_a10', '--region', 'us-east-1', '--wait'];
  const secrets = ['--secret', 'LOGIN', '--secret', 'DEPLOY_KEY'];
  // Long enough to be told of while it runs: thirteen seconds on the fast clock.
  const show = `echo "login with $LOGIN"; env; echo "$DEPLOY_KEY"; echo ${PLANTED}; sleep 800`;
  const commands = [show, ...AGENT_BY_HAND(world.simulator.agentDownloadUrl)].flatMap((text) => ['--command', text]);
  const complain = 'echo "$DEPLOY_KEY"; echo "$LOGIN is not taken" >&2; exit 3';
  await Promise.all([
    cli('provision', BUILT_IN, ...flags, '--pool', PLANTED),
    cli('provision', BY_HAND, ...flags, ...secrets, ...commands),
    cli('provision', FAILS, ...flags, ...secrets, '--command', complain, '--max-launches', '1'),
  ]);
  const [builtIn, byHand] = [machineOf(BUILT_IN), machineOf(BY_HAND)];
  userData = [builtIn.spec.userData ?? '', byHand.spec.userData ?? ''];
  bootstrapLog = await byHand.readFile(`/var/lib/navarch-provisioner/${tokenOf(BY_HAND)}/log`);
  await cli('sweep');
  await cli('list');
  await cli('doctor');
  await Promise.all([cli('terminate', BUILT_IN), cli('terminate', BY_HAND)]);
  await cli('sweep');

  places.add('metrics', await (await fetch(`http://${metricsAddress}/metrics`)).text());
  await watching.stop();
  worker.kill('SIGTERM');
  const { stdout, stderr } = await worker.ended;
  places.add('log', [stdout, stderr]);
  await readTemporal();
  readSimulator();
}

function instanceOf(node: string): InstanceTruth {
  const instance = world.simulator.record.instances.find(({ name }) => name.startsWith(`${node}-`));
  if (instance === undefined) throw new Error(`${node} was never launched`);
  return instance;
}

function machineOf(node: string): Machine {
  const machine = world.simulator.controls.machine(instanceOf(node).id);
  if (machine === undefined) throw new Error(`the machine of ${node} is off`);
  return machine;
}

function tokenOf(node: string): string {
  return instanceOf(node).tags.find(({ key }) => key === TAG.launch)?.value ?? '';
}

async function cli(...args: readonly string[]): Promise<void> {
  const result = await run(ACCOUNT, ...args);
  outcomes[args.slice(0, 2).join(' ')] = result;
  places.add('answer of the command line', [result.stdout, result.stderr]);
}

/** As a deployment should: no secret in the environment. */
async function secretsInFiles(
  environment: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const { LAMBDA_API_KEY = '', NAVARCH_SSH_PRIVATE_KEY = '', ...open } = environment;
  const secret = {
    ...{ LAMBDA_API_KEY, NAVARCH_SSH_PRIVATE_KEY },
    ...{ NAVARCH_AUTH_TOKEN: NAVARCH_TOKEN, NAVARCH_HOST_KEY_SECRET: HOST_KEY_SECRET },
  };
  for (const [name, text] of Object.entries({ ...secret, ...SECRETS })) await writeFile(join(folder, name), text);
  const files = Object.keys(secret).map((name) => [`${name}_FILE`, join(folder, name)] as const);
  return { ...open, ...Object.fromEntries(files), NAVARCH_BOOTSTRAP_SECRETS_DIR: folder };
}

/** Every workflow of the account, each run of it, as visibility and as its history have it; and the sweeps' Schedule. */
async function readTemporal(): Promise<void> {
  for await (const execution of client.workflow.list({ query: `TaskQueue = '${mainTaskQueue(ACCOUNT)}'` })) {
    const { workflowId, runId, type, raw } = execution;
    places.add('visibility', raw);
    const workflow = client.workflow.getHandle(workflowId, runId);
    places.add(`history of ${type}`, await workflow.fetchHistory());
    places.add('description', (await workflow.describe()).raw);
  }
  places.add('schedule', (await client.schedule.getHandle(sweepScheduleId(ACCOUNT)).describe()).raw);
}

function readSimulator(): void {
  const { requests, instances, connections, commands, processes, registrations, breakdowns } = world.simulator.record;
  places.add('request to Lambda', requests);
  places.add(
    'instance',
    instances.map(({ name, tags, history }) => ({ name, tags, history })),
  );
  places.add('connection to a machine', connections);
  places.add('command over SSH', commands);
  places.add('command line on a machine', processes);
  places.add('registration', registrations);
  places.add('breakdown', breakdowns);
}

/** What an ed25519 key is made from: found wherever the key is, in whatever format. */
function seedOf(pem: string): Buffer {
  const { d } = createPrivateKey(pem).export({ format: 'jwk' });
  return Buffer.from(d ?? '', 'base64url');
}

/** The same of the host key that was chosen for a node's machine. */
function hostKeySeedOf(node: string): Buffer {
  const { privateKeyOpenSsh, publicKeyOpenSsh } = deriveHostKey({ secret: HOST_KEY_SECRET, salt: tokenOf(node) });
  const file = Buffer.from(privateKeyOpenSsh.replaceAll(/-----.*-----|\n/g, ''), 'base64');
  // OpenSSH writes the seed right before the public point.
  const point = Buffer.from(publicKeyOpenSsh.split(' ')[1] ?? '', 'base64').subarray(-32);
  const at = file.lastIndexOf(point);
  return file.subarray(at - 32, at);
}

test('the nodes lived as they should: one with the built-in agent, one by its own commands, and one that failed', () => {
  expect(outcomes[`provision ${BUILT_IN}`]).toMatchObject({ exitCode: 0, stderr: '' });
  expect(outcomes[`provision ${BY_HAND}`]).toMatchObject({ exitCode: 0, stderr: '' });
  expect(outcomes[`provision ${FAILS}`]?.stderr).toContain('failed with exit code 3');
  expect(outcomes['doctor']).toMatchObject({ exitCode: 0 });
  expect(outcomes[`terminate ${BUILT_IN}`]).toMatchObject({ exitCode: 0 });
  expect(outcomes[`terminate ${BY_HAND}`]).toMatchObject({ exitCode: 0 });
  expectCleanSlate(world.simulator);
});

test('the secrets were used, and the machine has them', () => {
  for (const secret of [ONE_LINE, ...LINES]) expect(bootstrapLog).toContain(secret);
  expect(world.simulator.record.registrations).toHaveLength(2);
  const cloudInit = new Places();
  cloudInit.add('user data', userData);
  for (const node of [BUILT_IN, BY_HAND]) {
    expect(cloudInit.sightingsOf(hostKeySeedOf(node))).toEqual(['user data']);
  }
});

test.each([
  ["Lambda's API key", () => Buffer.from(LAMBDA_KEY)],
  ["Navarch's token", () => Buffer.from(NAVARCH_TOKEN)],
  ['the secret that host keys are derived from', () => Buffer.from(HOST_KEY_SECRET)],
  ['the SSH private key', () => seedOf(world.environment['NAVARCH_SSH_PRIVATE_KEY'] ?? '')],
  ['a bootstrap secret of one line', () => Buffer.from(ONE_LINE)],
  ['the first line of a longer one', () => Buffer.from(LINES[0])],
  ['and its second', () => Buffer.from(LINES[1])],
  ['the token of the Jupyter that Lambda starts', () => Buffer.from(instanceOf(BUILT_IN).jupyterToken)],
])('%s is nowhere to be read', (_, secret) => {
  expect(places.sightingsOf(secret())).toEqual([]);
});

test('the private half of a host key is nowhere but in the user data of its launch', () => {
  for (const node of NAMES) expect(places.sightingsOf(hostKeySeedOf(node))).toEqual([]);
});

test('where a secret was printed, something stands in its place', () => {
  for (const kind of ['progress', 'current details', 'history of provisionNode', 'answer of the command line']) {
    expect(places.at(kind)).toContain('[redacted]');
  }
});

test.each([
  ['as it is', (secret: Buffer) => secret.toString()],
  ['in JSON', (secret: Buffer) => JSON.stringify({ before: `"${secret.toString()}"` })],
  ['cut in half', (secret: Buffer) => secret.toString().slice(0, secret.length / 2 + 6)],
  ['in hex', (secret: Buffer) => secret.toString('hex')],
  ['in base64', (secret: Buffer) => secret.toString('base64')],
  ['in the base64 of more', (secret: Buffer) => Buffer.from(`?${secret.toString()}>`).toString('base64')],
  ['in the base64 of still more', (secret: Buffer) => Buffer.from(`..${secret.toString()}>`).toString('base64url')],
  ['as a payload of a history', (secret: Buffer) => ({ inputs: [{ data: secret }] })],
])('a secret is found %s', (_, form) => {
  const secret = Buffer.from(random());
  const found = new Places();
  found.add('here', form(secret));
  found.add('elsewhere', form(Buffer.from(random())));
  expect(found.sightingsOf(secret)).toEqual(['here']);
});

test('what is put in the open is found at every place that it can come to', () => {
  expect(places.sightingsOf(Buffer.from(PLANTED))).toEqual([
    'answer of the command line',
    'command line of a process',
    'command line on a machine',
    'current details',
    'description',
    'history of keepNode',
    'history of provisionNode',
    'instance',
    'log',
    'progress',
    'registration',
    'request to Lambda',
    'visibility',
  ]);
});

test.each([
  ['log', 'worker started'],
  ['metrics', 'temporal_activity'],
  ['command over SSH', 'sudo -n'],
  ['connection to a machine', 'authenticated'],
  ['schedule', 'sweepOrphans'],
  ['history of sweepOrphans', 'surveyInstances'],
  ['history of terminateNode', 'terminate-node/'],
  ['history of diagnose', 'ssh-key'],
  ['history of keepNode', 'terminateInstance'],
])('%s was read', (kind, text) => {
  expect(places.at(kind)).toContain(text);
});
