import { ApplicationFailure, ScheduleNotFoundError } from '@temporalio/client';
import { expect, test } from 'vitest';
import { errorDocument, type ErrorDocument } from '../../../src/cli/error-json.ts';
import { InterruptedError } from '../../../src/cli/interrupted.ts';
import { PersonNeededError } from '../../../src/cli/person-needed.ts';
import { ConfigurationError } from '../../../src/config.ts';
import {
  NoWorkerError,
  ProvisionCancelledError,
  TemporalUnreachableError,
  WorkflowLostError,
} from '../../../src/sdk/index.ts';
import { unwrap } from '../../../src/sdk/unwrap.ts';
import { run } from './recorder.ts';

function parsed(stdout: string): ErrorDocument['error'] {
  return (JSON.parse(stdout) as ErrorDocument).error;
}

test('with --json an error is the document on stdout, and the sentence stays on stderr', async () => {
  const { code, stdout, stderr } = await run(['provision', 'n', '--label', 'team', '--json']);
  expect(code).toBe(2);
  expect(parsed(stdout)).toEqual({
    type: 'usage',
    message: '--label: give key=value, not "team"',
    exitCode: 2,
  });
  expect(stderr).toMatch(/^error: --label: give key=value/);
});

test.each([
  [['provision', 'n', '--nonsense', '--json'], "unknown option '--nonsense'"],
  [['--json', 'frobnicate'], "unknown command 'frobnicate'"],
])('also a command line that cannot be understood: %j', async (argv, message) => {
  const { stdout } = await run(argv);
  expect(parsed(stdout)).toMatchObject({ type: 'usage', exitCode: 2 });
  expect(parsed(stdout).message).toContain(message);
});

test('without --json, or with it behind --, stdout stays empty', async () => {
  expect((await run(['frobnicate'])).stdout).toBe('');
  expect((await run(['frobnicate', '--', '--json'])).stdout).toBe('');
});

test('help is help, with --json too', async () => {
  const { code, stdout } = await run(['--json', '--help']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: navarch-provisioner/);
});

test.each([
  [new ConfigurationError('LAMBDA_API_KEY is not set'), 'configuration'],
  [new InterruptedError('interrupted'), 'interrupted'],
  [new ProvisionCancelledError('it was cancelled'), 'cancelled'],
  [new WorkflowLostError('it was terminated'), 'lost'],
  [new NoWorkerError('q'), 'no_worker'],
  [new TemporalUnreachableError('nobody is there'), 'temporal_unreachable'],
  [new ScheduleNotFoundError('gone', 'x'), 'unexpected'],
  ['a text', 'unexpected'],
])('%s has a word of its own: %s', (error, type) => {
  expect(errorDocument(error)?.error.type).toBe(type);
});

test('a failure of the contract keeps its type, its workflow and its fields', () => {
  const refused = ApplicationFailure.create({
    type: 'invalid_request',
    message: 'invalid request: region: there is none',
    details: [{ fields: [{ field: 'region', problem: 'there is none' }] }],
  });
  expect(errorDocument(unwrap(refused, { workflowId: 'provision-node/n' }))?.error).toMatchObject({
    type: 'invalid_request',
    exitCode: 2,
    workflowId: 'provision-node/n',
    fields: [{ field: 'region', problem: 'there is none' }],
  });
});

test('a report that asks for a person is the document itself', () => {
  expect(errorDocument(new PersonNeededError(['an owner is in trouble']))).toBeUndefined();
});

test.each(['list', 'doctor'])(
  '%s with a configuration that cannot be used says so, and asks nobody',
  async (command) => {
    const env = { NAVARCH_TEMPORAL_UI_URL: 'temporal.example.com' };
    const { code, stdout } = await run([command, '--json'], { env });
    expect(code).toBe(2);
    expect(parsed(stdout)).toMatchObject({ type: 'configuration', exitCode: 2 });
    expect(parsed(stdout).message).toContain('temporal.example.com, is no http or https address');
  },
);
