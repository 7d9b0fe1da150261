import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SECRETS, VARIABLES } from '../../../src/config.ts';
import type { ConfigReport } from '../../../src/config-report.ts';
import { unknownVariables } from '../../../src/config-variables.ts';
import { cliRun } from '../../support/cli-run.ts';

const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
const ENOUGH = {
  LAMBDA_API_KEY: 'secret_lambda_key',
  NAVARCH_SSH_PRIVATE_KEY: pem,
  NAVARCH_CONTROL_PLANE_URL: 'https://ops:hidden@navarch.example.com:50051',
  // Whoever runs the tests may have a file of Temporal's own.
  TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml',
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'navarch-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function report(env: Readonly<Record<string, string>>): Promise<ConfigReport & { readonly code: number }> {
  const { code, stdout } = await cliRun(env, '--json', 'config');
  return { ...(JSON.parse(stdout) as ConfigReport), code };
}

function line(stdout: string, name: string): string | undefined {
  return stdout.split('\n').find((shown) => shown.startsWith(`${name} `));
}

test('each variable has a line: what is set, what it is otherwise, and of secrets only that they are there', async () => {
  const { code, stdout, stderr } = await cliRun({ ...ENOUGH, NAVARCH_LOG_LEVEL: ' debug ' }, 'config');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const name of Object.keys(VARIABLES)) expect(line(stdout, name), name).toBeDefined();
  expect(line(stdout, 'NAVARCH_LOG_LEVEL')).toMatch(/ debug$/);
  expect(line(stdout, 'LAMBDA_REQUEST_INTERVAL')).toMatch(/ default: 1100ms$/);
  expect(line(stdout, 'NAVARCH_HOST_KEY_SECRET')).toMatch(/ default: the SSH private key$/);
  expect(line(stdout, 'LAMBDA_SSH_KEY_NAME')).toMatch(/ not set$/);
  expect(line(stdout, 'NAVARCH_CONTROL_PLANE_URL')).toMatch(/ https:\/\/…@navarch\.example\.com:50051$/);
  expect(line(stdout, 'TEMPORAL_ADDRESS')).toMatch(/ default: localhost:7233$/);
  for (const secret of ['secret_lambda_key', 'PRIVATE KEY', 'hidden']) expect(stdout).not.toContain(secret);
  expect(line(stdout, 'LAMBDA_API_KEY')).toMatch(/ \*{8}$/);
});

test.each(SECRETS)('%s is masked, given by value or by file', async (name) => {
  const path = join(folder, name);
  await writeFile(path, name === 'NAVARCH_SSH_PRIVATE_KEY' ? pem : 'a secret of a file');
  const direct = await cliRun({ ...ENOUGH, [name]: 'a secret by value' }, 'config');
  const byFile = await cliRun({ ...ENOUGH, [name]: '', [`${name}_FILE`]: path }, 'config');
  expect(line(direct.stdout, name)).toMatch(/ \*{8}$/);
  expect(line(byFile.stdout, name)).toContain(`******** (from the file of ${name}_FILE)`);
  for (const { stdout } of [direct, byFile]) expect(stdout).not.toMatch(/a secret|BEGIN/);
});

test('what is wrong is named on stderr, with exit code 2, and everything is printed all the same', async () => {
  const env = { ...ENOUGH, LAMBDA_API_KEY: '', NAVARCH_SSH_PORT: '0x16' };
  const { code, stdout, stderr } = await cliRun(env, 'config');
  expect(code).toBe(2);
  expect(stderr).toContain('LAMBDA_API_KEY is not set');
  expect(stderr).toContain('NAVARCH_SSH_PORT: must be a whole number from 1 to 65535');
  expect(line(stdout, 'NAVARCH_SSH_PORT')).toMatch(/ 0x16$/);
  const asJson = await report(env);
  expect(asJson).toMatchObject({ code: 2, problems: [expect.stringContaining('LAMBDA_API_KEY is not set')] });
});

test("Temporal's variables, its file's profile, and OpenTelemetry's are there where they say something", async () => {
  const file = join(folder, 'temporal.toml');
  await writeFile(file, '[profile.default]\naddress = "temporal.example.com:7233"\nnamespace = "ours"\n');
  const { settings } = await report({
    ...ENOUGH,
    TEMPORAL_CONFIG_FILE: file,
    TEMPORAL_NAMESPACE: 'mine',
    TEMPORAL_API_KEY: 'secret_temporal_key',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret_header',
  });
  const of = (name: string) => settings.find((setting) => setting.name === name);
  expect(of('TEMPORAL_ADDRESS')).toMatchObject({ origin: 'profile', value: 'temporal.example.com:7233' });
  expect(of('TEMPORAL_NAMESPACE')).toMatchObject({ origin: 'set', value: 'mine' });
  expect(of('TEMPORAL_API_KEY')).toMatchObject({ origin: 'set', value: '********', isSecret: true });
  expect(of('OTEL_EXPORTER_OTLP_ENDPOINT')).toMatchObject({ value: 'http://127.0.0.1:4318' });
  expect(of('OTEL_EXPORTER_OTLP_HEADERS')).toMatchObject({ value: '********' });
  expect(of('OTEL_SERVICE_NAME')).toBeUndefined();
  expect(JSON.stringify(settings)).not.toContain('secret_');
});

test("a mistake in Temporal's file is told without the lines around it, one of which may be the key", async () => {
  const file = join(folder, 'broken.toml');
  await writeFile(file, '[profile.default]\naddress = "temporal.example.com:7233"\napi_key = "secret_temporal_key\n');
  const { code, stdout, stderr } = await cliRun({ ...ENOUGH, TEMPORAL_CONFIG_FILE: file }, 'config');
  expect(code).toBe(2);
  expect(stderr).toMatch(/configuration of Temporal: Invalid TOML document.* \(line 3, column \d+\)/);
  expect(stdout + stderr).not.toContain('secret_');
});

describe('a variable that nobody reads', () => {
  test.each([
    ['LAMBDA_APIKEY', 'LAMBDA_API_KEY'],
    ['NAVARCH_LOGLEVEL', 'NAVARCH_LOG_LEVEL'],
    ['NAVARCH_API_KEY', undefined],
    ['LAMBDA_KEY_NAME_SSH', 'LAMBDA_SSH_KEY_NAME'],
    ['LAMBDA_CONTROL_PLANE_URL', 'NAVARCH_CONTROL_PLANE_URL'],
    ['NAVARCH_AUTH_TOKEN_FLIE', 'NAVARCH_AUTH_TOKEN_FILE'],
    ['NAVARCH_SSH_PORT_FILE', undefined],
    ['NAVARCH_SOMETHING_ELSE_ENTIRELY', undefined],
  ])('%s: %s may be meant', (name, meant) => {
    const found = unknownVariables({ [name]: 'x' });
    if (meant === undefined) expect(found.map((one) => one.name)).toEqual([name]);
    else expect(found).toEqual([{ name, meant }]);
  });

  test('those of all parts of the product, and of others, are known', () => {
    const known = [...Object.keys(VARIABLES), ...SECRETS.map((name) => `${name}_FILE`), 'NAVARCH_TEMPORAL_UI_URL'];
    const others = ['TEMPORAL_ADDRESS', 'PATH', 'NAVARCH', 'MY_NAVARCH_X', 'LAMBDALABS_KEY'];
    expect(unknownVariables(Object.fromEntries([...known, ...others].map((name) => [name, 'x'])))).toEqual([]);
  });

  test("what Kubernetes tells of a Service is nobody's slip", () => {
    const told = ['NAVARCH_SERVICE_HOST', 'NAVARCH_SERVICE_PORT', 'NAVARCH_PORT', 'NAVARCH_PORT_50051_TCP_ADDR'];
    expect(unknownVariables(Object.fromEntries(told.map((name) => [name, 'x'])))).toEqual([]);
    expect(unknownVariables({ NAVARCH_PORT: '22' }).map(({ name }) => name)).toEqual(['NAVARCH_PORT']);
  });

  test('config warns of it, and goes on', async () => {
    const { code, stdout } = await cliRun({ ...ENOUGH, NAVARCH_LOGLEVEL: 'debug' }, 'config');
    expect(code).toBe(0);
    expect(stdout).toContain('warning: NAVARCH_LOGLEVEL is set, and nothing reads it; is NAVARCH_LOG_LEVEL meant?');
    expect(await report({ ...ENOUGH, NAVARCH_LOGLEVEL: 'debug' })).toMatchObject({
      unknown: [{ name: 'NAVARCH_LOGLEVEL', meant: 'NAVARCH_LOG_LEVEL' }],
    });
  });
});
