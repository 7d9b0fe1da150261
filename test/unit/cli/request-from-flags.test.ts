import { expect, test } from 'vitest';
import { provisionNodeRequest } from '../../../src/contract/provision-node.ts';
import { registerProvision } from '../../../src/cli/commands/provision.ts';
import { flagOf } from '../../../src/cli/flags.ts';
import { requestFromFlags, type ProvisionFlags } from '../../../src/cli/request-from-flags.ts';
import { UsageError } from '../../../src/cli/usage-error.ts';
import { Command } from 'commander';
import { Recorder } from './recorder.ts';

/** What commander makes of a command line, without running it. */
async function flagsOf(...argv: string[]): Promise<ProvisionFlags> {
  const program = new Command().exitOverride();
  registerProvision(program, { stdout: new Recorder(), stderr: new Recorder() });
  const [provision] = program.commands;
  let flags: ProvisionFlags | undefined;
  provision?.action((_name: string, given: ProvisionFlags) => {
    flags = given;
  });
  await program.parseAsync(['provision', 'n', ...argv], { from: 'user' });
  if (flags === undefined) throw new Error('the command was not run');
  return flags;
}

test('every field of a request has a flag, and the schema takes what they give', async () => {
  const flags = await flagsOf(
    ...['--type', 'gpu_1x_a10, gpu_1x_a100', '--type', 'gpu_1x_h100_sxm5', '--region', 'us-east-1,us-west-2'],
    ...['--ssh-key', 'key', '--image-family', 'lambda-stack-24-04', '--file-system', 'a,b', '--pool', 'training'],
    ...['--label', 'team=vision', '--label', 'note=a=b, c', '--command', 'apt-get update, please', '--command', 'two'],
    ...['--wait-up-to', '2d', '--max-price', '12.5', '--max-launches', '4', '--lifetime', '8h'],
    ...['--deadline', 'ssh=20m', '--deadline', 'whole=3h', '--secret', 'TOKEN', '--secret', 'PASSWORD'],
    ...['--user-data', 'a file', '--host-key', 'trust-first', '--gpu-check', 'off', '--registration', 'direct'],
    '--allow-fake-gpus',
  );
  expect(flags.userData).toBe('a file');
  const request = requestFromFlags('trainer-1', { ...flags, userData: '#cloud-config\n' });
  expect(request).toEqual({
    name: 'trainer-1',
    instanceType: ['gpu_1x_a10', 'gpu_1x_a100', 'gpu_1x_h100_sxm5'],
    region: ['us-east-1', 'us-west-2'],
    sshKeyNames: ['key'],
    image: { family: 'lambda-stack-24-04' },
    fileSystemNames: ['a', 'b'],
    pool: 'training',
    labels: { team: 'vision', note: 'a=b, c' },
    bootstrap: { commands: ['apt-get update, please', 'two'], secrets: ['TOKEN', 'PASSWORD'] },
    userData: '#cloud-config\n',
    hostKey: 'trust-first',
    gpuCheck: 'off',
    registration: 'direct',
    allowFakeGpus: true,
    capacity: { waitUpTo: '2d' },
    maxPricePerHourUsd: 12.5,
    maxLaunches: 4,
    lifetime: '8h',
    deadlines: { ssh: '20m', whole: '3h' },
  });
  expect(provisionNodeRequest.parse(request)).toEqual(request);
  expect(Object.keys(request).sort()).toEqual(Object.keys(provisionNodeRequest.shape).sort());
});

test('one type is given as itself, so that it is the same request as one from JSON', async () => {
  const flags = await flagsOf('--type', 'gpu_1x_a10', '--region', 'us-east-1');
  expect(requestFromFlags('n', flags)).toEqual({ name: 'n', instanceType: 'gpu_1x_a10', region: 'us-east-1' });
});

test("what is not asked for is not in the request: the defaults are the contract's, not the command line's", async () => {
  expect(requestFromFlags('n', await flagsOf())).toEqual({ name: 'n' });
});

test('a flag replaces the field of the request file, and leaves the others', async () => {
  const file = { name: 'n', instanceType: 'gpu_1x_a10', pool: 'batch', unheardOf: 1 };
  const request = requestFromFlags(undefined, await flagsOf('--pool', 'training'), file);
  expect(request).toEqual({ name: 'n', instanceType: 'gpu_1x_a10', pool: 'training', unheardOf: 1 });
});

test('secrets go with the commands that are to find them', async () => {
  const request = requestFromFlags('n', await flagsOf('--type', 'gpu_1x_a10', '--secret', 'TOKEN'));
  const { error } = provisionNodeRequest.safeParse(request);
  expect(error?.issues.map(({ path }) => flagOf(path.join('.')))).toEqual(['--command']);
});

test('each new wish is named by its flag where it is refused', () => {
  const fields = ['userData', 'hostKey', 'gpuCheck', 'registration', 'allowFakeGpus', 'bootstrap.secrets.0'];
  expect(fields.map(flagOf)).toEqual([
    ...['--user-data', '--host-key', '--gpu-check', '--registration', '--allow-fake-gpus', '--secret'],
  ]);
});

test('two names are one too many', () => {
  expect(() => requestFromFlags('a', {}, { name: 'b' })).toThrow(UsageError);
  expect(requestFromFlags('a', {}, { name: 'a' })).toEqual({ name: 'a' });
});

test.each(['team', '=vision'])("a label that is no pair (%s) is refused by its flag's name", (label) => {
  expect(() => requestFromFlags('n', { label: [label] })).toThrow(/--label: give key=value/);
});
