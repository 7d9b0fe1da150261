import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, type TestContext } from 'vitest';
import { TASK_QUEUE } from '../../../src/contract/task-queues.ts';
import { createWorld, type World } from '../../../src/demo/world.ts';
import { REGIONS } from '../../../src/simulator/index.ts';
import { resolveTemporalCli } from '../../../src/temporal-server/index.ts';
import { installRuntime } from '../../../src/worker-runtime.ts';
import { expectCleanSlate } from '../../support/clean-slate.ts';
import { startProvision } from '../../support/provisions.ts';
import { createNamespace } from '../support/namespaces.ts';
import { blocksOf, isPartOf } from './page.ts';
import { goProgram, PREPARED_WITHIN_MS, pythonProgram, type Program } from './toolchains.ts';

// Services in other languages, and a person with Temporal's command line, as docs/other-languages.md shows them: plain JSON, by names. They
// use the default account's task queue, which nothing else on this server does.

const SCARCE = 'gpu_8x_h100_sxm5';
const OTHER_NAMESPACE = `other-team-${process.pid}`;
const TEMPORAL_ADDRESS = inject('temporalAddress');

let world: World;
let temporal: Client;

beforeAll(async () => {
  world = await createWorld({
    temporalAddress: TEMPORAL_ADDRESS,
    logger: installRuntime({ log: { level: 'error', format: 'json' }, metricsAddress: undefined }),
    account: '',
    seed: 11,
    clockFactor: 60,
    // By id, an instance that ended is shown as such for long: on a slow machine too, that is what proves its end.
    afterEnd: { gettableMs: 3_600_000 },
    workflowBundlePath: inject('workflowBundlePath'),
  });
  for (const { name } of REGIONS) world.simulator.controls.setCapacity(SCARCE, name, 0);
  await world.startWorker();
  temporal = new Client({ connection: await Connection.connect({ address: TEMPORAL_ADDRESS }) });
}, 60_000);

afterEach(() => expectCleanSlate(world.simulator));

afterAll(async () => {
  await temporal.connection.close();
  await world.close();
});

describe('docs/other-languages.md', () => {
  test.each([
    ['go', ['go/main.go', 'go/nexus.go']],
    ['python', ['python/provision.py']],
  ])('shows parts of the %s program that runs here', async (language, files) => {
    const programs = await Promise.all(files.map((file) => readFile(new URL(file, import.meta.url), 'utf8')));
    const blocks = blocksOf(language);
    expect(blocks.length).toBeGreaterThan(2);
    const strangers = blocks.filter((block) => !programs.some((program) => isPartOf(block, program)));
    expect(strangers).toEqual([]);
  });

  test("shows commands that do, in their order, what they are shown for, with Temporal's command line", async () => {
    // The page's second node waits: what it shows is how to cancel one.
    const waiting = await startProvision(temporal, TASK_QUEUE, { name: 'trainer-2', instanceType: SCARCE });
    const cli = dirname(await resolveTemporalCli());
    const path = `${cli}${delimiter}${process.env['PATH'] ?? ''}`;
    const said: string[] = [];
    for (const block of blocksOf('sh')) {
      const { stdout } = await execa('bash', ['-euo', 'pipefail', '-c', block], {
        env: { PATH: path, TEMPORAL_ADDRESS },
        timeout: 60_000,
      });
      said.push(stdout);
    }
    const whole = said.join('\n');
    for (const expected of [
      /WorkflowId +provision-node\/trainer-1/, // started
      /"phase":/, // asked
      /UpdateResult .*workflowId:provision-node\/trainer-1/, // joined
      /"hostKeyFingerprint":/, // ready
      /Status +COMPLETED/,
      /Canceled workflow/,
      /"outcome":"node_ended"/, // ended
    ]) {
      expect(whole).toMatch(expected);
    }
    await expect(waiting.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  }, 120_000);
});

/** Runs a program to its end: what it printed. */
async function run(program: Program, context: TestContext): Promise<string> {
  if ('missing' in program) return context.skip(program.missing);
  const { command, args } = program;
  const env = { TEMPORAL_ADDRESS, OTHER_NAMESPACE };
  const { stdout } = await execa(command, [...args], { env, timeout: 150_000 });
  return stdout;
}

const STORY = (who: string, fields: string): string[] => [
  `accepted: provision-node/${who}-trainer`,
  'in progress: true',
  'joined: true',
  `another request: taken by a request that differs in ${fields}`,
  `ready: ${who}-trainer gpu_1x_a10 true`,
  'terminated: node_ended',
  'terminated again: there is no such node',
  'waiter: cancelled',
  'too dear: price_too_high',
  'bad request: invalid regoin: unknown field',
];

describe('a service that knows nothing of this repository', () => {
  let go: Program;
  let python: Program;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'navarch-go-'));
    [go, python] = [await goProgram(folder), await pythonProgram()];
    await createNamespace(temporal.connection, OTHER_NAMESPACE);
  }, 2 * PREPARED_WITHIN_MS);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('in Go provisions, joins, watches, cancels, ends, tells failures apart, and calls by Nexus from elsewhere', async (context) => {
    expect((await run(go, context)).split('\n')).toEqual([
      ...STORY('go', '[pool]'),
      'by Nexus: go-nexus',
      'bad by Nexus: invalid regoin: unknown field',
      'another by Nexus: taken by a request that differs in [instanceType]',
      'terminated: node_ended',
    ]);
  }, 180_000);

  test('in Python provisions, joins, watches, cancels, ends, and tells failures apart', async (context) => {
    const printed = (await run(python, context)).replaceAll('True', 'true');
    expect(printed.split('\n')).toEqual(STORY('py', "['pool']"));
  }, 180_000);
});
