import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Command } from 'commander';
import { VERDICT_KINDS } from '../../../src/domain/orphan-verdict.ts';
import { EXIT_CODE_MEANING } from '../../../src/cli/exit-codes.ts';
import { run } from './recorder.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'navarch-cli-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** An address where nothing listens. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `127.0.0.1:${address.port}`;
}

test('--help lists the commands and what each exit code means, on stdout', async () => {
  const { code, stdout, stderr } = await run(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const command of [
    ...['provision', 'status', 'list', 'terminate', 'types', 'instances'],
    ...['sweep', 'adopt', 'release'],
  ]) {
    expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  }
  for (const meaning of Object.values(EXIT_CODE_MEANING)) expect(stdout).toContain(meaning);
});

test('the help of a command lists the exit codes, too', async () => {
  const { stdout } = await run(['provision', '--help']);
  expect(stdout).toContain('--wait-up-to <duration>');
  expect(stdout).toContain('Exit codes:');
});

const ID = 'a'.repeat(32);

test.each([
  [['provision', 'n', '--nonsense'], "unknown option '--nonsense'"],
  [['frobnicate'], "unknown command 'frobnicate'"],
  [['status'], "missing required argument 'name'"],
  [['provision', 'n', '--max-price', 'cheap'], 'It must be a number.'],
  [['provision', 'n', '--image-id', 'a', '--image-family', 'b'], 'cannot be used with option'],
  [['provision', 'n', '--label', 'team'], '--label: give key=value'],
  [['provision', 'n', '--host-key', 'any'], 'Allowed choices are pinned, trust-first.'],
  [['provision', 'n', '--gpu-check', 'maybe'], 'Allowed choices are on, off.'],
  [['provision', 'n', '--registration', 'none'], 'Allowed choices are agent, direct.'],
  [['provision', '--request', '-', '--user-data', '-'], 'only one of them can be standard input'],
  [['sweep', '--dry-run', '--allow', '6'], "option '--dry-run' cannot be used with option '--allow <count>'"],
  [['sweep', '--dry-run', '--end', ID], "option '--dry-run' cannot be used with option '--end <instance id>'"],
  [['sweep', '--allow', '6', '--end', ID], "option '--allow <count>' cannot be used with option '--end <instance id>'"],
  [['sweep', '--allow', 'all'], 'It must be a number.'],
  [['sweep', ID], 'too many arguments'],
  [['adopt'], "missing required argument 'instance id'"],
  [['release'], "missing required argument 'instance id'"],
])('wrong usage %j is said on stderr, with 2', async (argv, said) => {
  const { code, stdout, stderr } = await run(argv);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(said);
});

test('a request file that cannot be used is named, with the reason', async () => {
  const broken = join(folder, 'broken.json');
  const list = join(folder, 'list.json');
  await writeFile(broken, '{');
  await writeFile(list, '[]');
  const absent = join(folder, 'absent.json');
  expect(await run(['provision', '--request', absent])).toMatchObject({
    code: 2,
    stderr: `error: --request: cannot read ${absent} (ENOENT)\n`,
  });
  expect((await run(['provision', '--request', broken])).stderr).toContain(`--request: ${broken} is not JSON`);
  expect((await run(['provision', '--request', list])).stderr).toContain(`${list} must hold one JSON object`);
  async function* typed(): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    yield new TextEncoder().encode('nonsense');
  }
  const { stderr } = await run(['provision', '--request', '-'], { stdin: typed() });
  expect(stderr).toContain('--request: standard input is not JSON');
});

test('user data that cannot be read is named, with the reason', async () => {
  const absent = join(folder, 'absent.yaml');
  expect(await run(['provision', 'n', '--user-data', absent])).toMatchObject({
    code: 2,
    stderr: `error: --user-data: cannot read ${absent} (ENOENT)\n`,
  });
});

test('the help of sweep says what each verdict means', async () => {
  const { stdout } = await run(['sweep', '--help']);
  for (const verdict of VERDICT_KINDS) expect(stdout).toMatch(new RegExp(`^  ${verdict} +\\S`, 'm'));
  expect(stdout).toContain('neither touched nor named');
});

// gRPC tries a dead address again until its connect timeout (5 s).
const CONNECTS = { timeout: 30_000 };

test(
  'Temporal that cannot be reached is one sentence and an advice, with 7, and no stack trace',
  CONNECTS,
  async () => {
    const given = await deadAddress();
    const environment = await deadAddress();
    const [byOption, byEnvironment] = await Promise.all([
      run(['--address', given, 'list'], { env: { TEMPORAL_ADDRESS: environment } }),
      run(['types'], { env: { TEMPORAL_ADDRESS: environment } }),
    ]);
    for (const [{ code, stdout, stderr }, address] of [
      [byOption, given] as const,
      [byEnvironment, environment] as const,
    ]) {
      expect({ code, stdout }).toEqual({ code: 7, stdout: '' });
      const lines = stderr.trim().split('\n');
      expect(lines).toHaveLength(2);
      expect(lines[0]).toContain(`error: cannot reach Temporal at ${address}, without TLS: `);
      expect(lines[1]).toContain('TEMPORAL_ADDRESS');
    }
  },
);

test.each([
  [['setup', '--account', 'Prod'], {}, '--account must be 1 to 40 lower-case letters', '"Prod"'],
  [['doctor', '--account', 'lambda'], {}, '--account must be', '"lambda"'],
  [['list'], { NAVARCH_ACCOUNT: 'x-lambda' }, 'NAVARCH_ACCOUNT must be', '"x-lambda"'],
])(
  '%j %j: the name of an account that no worker can have is refused before anybody is asked',
  async (argv, env, rule, value) => {
    const address = await deadAddress();
    const { code, stdout, stderr } = await run(['--address', address, ...argv], { env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`error: ${rule}`);
    expect(stderr).toContain(value);
  },
);

test('Ctrl-C ends a command that waits for Temporal, with 130', async () => {
  const person = new AbortController();
  person.abort();
  const { code, stderr } = await run(['--address', await deadAddress(), 'list'], { signal: person.signal });
  expect({ code, stderr }).toEqual({ code: 130, stderr: 'interrupted\n' });
});

test('further commands are added by who has more than Temporal', async () => {
  const seen: unknown[] = [];
  const hello = (program: Command): void => {
    program.command('hello').action((_flags, command: Command) => {
      seen.push(command.optsWithGlobals());
    });
  };
  const { code } = await run(['hello', '--account', 'b'], { commands: [hello] });
  expect({ code, seen }).toEqual({ code: 0, seen: [{ account: 'b' }] });
});
