import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigurationError, readConfig, SECRETS, VARIABLES } from '../../../src/config.ts';
import { ACCOUNT_NAME_RULE } from '../../../src/contract/task-queues.ts';

const API_KEY = 'secret_worker_0123456789abcdef.abcdefghijklmnop';
const PRIVATE_KEY = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n';
const PREVIOUS_KEY = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIB==\n-----END PRIVATE KEY-----\n';
const HOST_KEY_SECRET = 'sixteen characters or more';
const AUTH_TOKEN = 'navarch-bearer-token';
const PAYLOAD_KEYS = 'k2:QnJvd24gZm94ZXMganVtcCBvdmVyIGxhenkgZG9ncyE=\nk1:QWxsIGdvb2QgdGhpbmdzIGFyZSB3aWxkIGFuZCBmcmU=';

const LEAST = {
  LAMBDA_API_KEY: API_KEY,
  NAVARCH_SSH_PRIVATE_KEY: PRIVATE_KEY,
  NAVARCH_CONTROL_PLANE_URL: 'http://navarch.example:50051',
};

const VALUES: Readonly<Record<string, string>> = {
  LAMBDA_API_KEY: API_KEY,
  NAVARCH_SSH_PRIVATE_KEY: PRIVATE_KEY,
  NAVARCH_SSH_PREVIOUS_PRIVATE_KEY: PREVIOUS_KEY,
  NAVARCH_HOST_KEY_SECRET: HOST_KEY_SECRET,
  NAVARCH_AUTH_TOKEN: AUTH_TOKEN,
  NAVARCH_PAYLOAD_KEYS: PAYLOAD_KEYS,
};

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(text: string): string {
  const path = join(folder, 'secret');
  writeFileSync(path, text);
  return path;
}

/** What is said of an environment that is refused, problem by problem. */
function complaintsAbout(environment: Readonly<Record<string, string | undefined>>): string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    expect(error.message.startsWith('configuration: ')).toBe(true);
    return error.message.slice('configuration: '.length).split('; ');
  }
  throw new Error('was accepted');
}

/** The least that is needed, without one variable. */
function without(name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(LEAST).filter(([other]) => other !== name));
}

describe('the environment', () => {
  test('needs three variables; the rest has defaults', async () => {
    const config = readConfig(LEAST);
    expect(config).toMatchObject({
      account: undefined,
      lambda: {
        baseUrl: undefined,
        timeoutMs: 30_000,
        sshKeyName: undefined,
        imageFamily: 'lambda-stack-24-04',
        requestIntervalMs: 1_100,
        launchIntervalMs: 13_000,
      },
      ssh: { username: 'ubuntu', port: 22 },
      navarch: {
        controlPlaneUrl: 'http://navarch.example:50051',
        agentControlPlaneUrl: 'http://navarch.example:50051',
        authToken: undefined,
        agentDownloadUrl: 'https://github.com/NavarchProject/navarch/releases/latest/download',
      },
      http: { host: '127.0.0.1', port: 8080 },
      metricsAddress: undefined,
      log: { level: 'info', format: 'json' },
      maxCachedWorkflows: 100,
    });
    expect(await config.lambda.apiKey()).toBe(API_KEY);
    expect(await config.ssh.privateKey()).toBe(PRIVATE_KEY);
    expect(config.ssh.previousPrivateKey).toBeUndefined();
    expect(config.ssh.hostKeySecret, 'the host keys are derived from the private key').toBe(config.ssh.privateKey);
  });

  test('may say everything else as well', async () => {
    const config = readConfig({
      ...LEAST,
      LAMBDA_BASE_URL: 'http://127.0.0.1:9000',
      LAMBDA_TIMEOUT: '5s',
      LAMBDA_SSH_KEY_NAME: 'provisioner',
      LAMBDA_IMAGE_FAMILY: 'gpu-base-24-04',
      LAMBDA_REQUEST_INTERVAL: '2s',
      LAMBDA_LAUNCH_INTERVAL: '1m',
      NAVARCH_ACCOUNT: 'research',
      NAVARCH_SSH_USER: 'admin',
      NAVARCH_SSH_PORT: '2222',
      NAVARCH_SSH_PREVIOUS_PRIVATE_KEY: PREVIOUS_KEY,
      NAVARCH_HOST_KEY_SECRET: HOST_KEY_SECRET,
      NAVARCH_AGENT_CONTROL_PLANE_URL: 'https://navarch.example',
      NAVARCH_AUTH_TOKEN: AUTH_TOKEN,
      NAVARCH_AGENT_DOWNLOAD_URL: 'https://mirror.example/navarch//',
      NAVARCH_AGENT_SHA256_AMD64: 'AB'.repeat(32),
      NAVARCH_AGENT_SHA256_ARM64: '01'.repeat(32),
      NAVARCH_HTTP_ADDRESS: '[::1]:0',
      NAVARCH_METRICS_ADDRESS: '0.0.0.0:9464',
      NAVARCH_LOG_LEVEL: 'debug',
      NAVARCH_LOG_FORMAT: 'pretty',
      NAVARCH_MAX_CACHED_WORKFLOWS: '50',
      NAVARCH_DEPLOYMENT_NAME: 'provisioner_research',
      NAVARCH_BUILD_ID: '1.4.0+9fc2e1a',
    });
    expect(config).toMatchObject({
      account: 'research',
      lambda: {
        baseUrl: 'http://127.0.0.1:9000',
        timeoutMs: 5_000,
        sshKeyName: 'provisioner',
        imageFamily: 'gpu-base-24-04',
        requestIntervalMs: 2_000,
        launchIntervalMs: 60_000,
      },
      ssh: { username: 'admin', port: 2222 },
      navarch: {
        agentControlPlaneUrl: 'https://navarch.example',
        agentDownloadUrl: 'https://mirror.example/navarch',
        agentSha256: { amd64: 'ab'.repeat(32), arm64: '01'.repeat(32) },
      },
      http: { host: '::1', port: 0 },
      metricsAddress: '0.0.0.0:9464',
      log: { level: 'debug', format: 'pretty' },
      maxCachedWorkflows: 50,
      deployment: { deploymentName: 'provisioner_research', buildId: '1.4.0+9fc2e1a' },
    });
    expect(await config.ssh.previousPrivateKey?.()).toBe(PREVIOUS_KEY);
    expect(await config.ssh.hostKeySecret()).toBe(HOST_KEY_SECRET);
    expect(await config.navarch.authToken?.()).toBe(AUTH_TOKEN);
  });

  test('is read without the white space that files and shells leave around values', async () => {
    const config = readConfig({
      ...LEAST,
      LAMBDA_API_KEY: ` ${API_KEY}\n`,
      NAVARCH_LOG_LEVEL: 'warn ',
      NAVARCH_ACCOUNT: ' ',
    });
    expect(await config.lambda.apiKey()).toBe(API_KEY);
    expect(config.log.level).toBe('warn');
    expect(config.account, 'a blank one counts as not set').toBeUndefined();
  });
});

describe('what is missing', () => {
  test('is named, with what it is for and how else it may be given', () => {
    expect(complaintsAbout({})).toEqual([
      'LAMBDA_API_KEY is not set (nor LAMBDA_API_KEY_FILE, the path of a file that holds it): Lambda Cloud API key',
      'NAVARCH_SSH_PRIVATE_KEY is not set (nor NAVARCH_SSH_PRIVATE_KEY_FILE, the path of a file that holds it): Private half of that SSH key, PEM or OpenSSH',
      "NAVARCH_CONTROL_PLANE_URL is not set: Navarch's control plane, as the worker reaches it",
    ]);
  });

  test.each(Object.keys(LEAST))('%s alone is the only one named', (name) => {
    for (const nothing of [undefined, '', '  ']) {
      const complaints = complaintsAbout({ ...without(name), [name]: nothing });
      expect(complaints).toHaveLength(1);
      expect(complaints[0]).toContain(`${name} is not set`);
    }
  });

  test('is not found in a file variable that is set to nothing', () => {
    expect(complaintsAbout({ ...without('LAMBDA_API_KEY'), LAMBDA_API_KEY_FILE: '' })).toEqual([
      'LAMBDA_API_KEY is not set (nor LAMBDA_API_KEY_FILE, the path of a file that holds it): Lambda Cloud API key',
    ]);
  });
});

describe('a version of a deployment', () => {
  const VERSION = { NAVARCH_DEPLOYMENT_NAME: 'provisioner', NAVARCH_BUILD_ID: '1.4.0' };

  test('is what a worker is not, unless it is told', () => {
    expect(readConfig(LEAST).deployment).toBeUndefined();
    expect(readConfig({ ...LEAST, NAVARCH_DEPLOYMENT_NAME: '', NAVARCH_BUILD_ID: ' ' }).deployment).toBeUndefined();
  });

  test.each([
    ['NAVARCH_BUILD_ID', 'NAVARCH_DEPLOYMENT_NAME'],
    ['NAVARCH_DEPLOYMENT_NAME', 'NAVARCH_BUILD_ID'],
  ] as const)('has a name and a build: without %s it is refused', (missing, given) => {
    expect(complaintsAbout({ ...LEAST, [given]: VERSION[given] })).toEqual([
      `${missing} is not set, but ${given} is: set both or neither`,
    ]);
  });

  test.each([
    ['NAVARCH_DEPLOYMENT_NAME', 'team.provisioner', /must be letters, digits, _ and -/],
    ['NAVARCH_DEPLOYMENT_NAME', 'a'.repeat(101), /at most 100/],
    ['NAVARCH_BUILD_ID', '1.4.0:rc', /must be letters, digits, \. _ \+ and -/],
    ['NAVARCH_BUILD_ID', '-1', /begin with a letter or digit/],
  ])('%s=%s is refused: Temporal writes a version as name:build, once as name.build', (name, value, rule) => {
    const complaints = complaintsAbout({ ...LEAST, ...VERSION, [name]: value });
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toMatch(rule);
  });
});

describe('what is wrong', () => {
  const DURATION = 'must be a whole number and a unit: 500ms, 30s, 15m';
  const URL_RULE = 'must be an http or https URL';
  const ADDRESS = 'must be host:port, such as 127.0.0.1:8080';
  test.each([
    ['LAMBDA_BASE_URL', 'cloud.lambda.ai', `${URL_RULE}, but is "cloud.lambda.ai"`],
    ['LAMBDA_BASE_URL', 'ftp://cloud.lambda.ai', `${URL_RULE}, but is "ftp://cloud.lambda.ai"`],
    ['LAMBDA_TIMEOUT', '30', `${DURATION}, but is "30"`],
    ['LAMBDA_TIMEOUT', '0s', 'must be longer than 0s and at most 3650d, but is "0s"'],
    ['LAMBDA_REQUEST_INTERVAL', '0ms', 'must be longer than 0s and at most 3650d, but is "0ms"'],
    ['LAMBDA_LAUNCH_INTERVAL', 'often', `${DURATION}, but is "often"`],
    ['NAVARCH_ACCOUNT', 'My Account', `${ACCOUNT_NAME_RULE}, but is "My Account"`],
    ['NAVARCH_ACCOUNT', 'team-lambda', `${ACCOUNT_NAME_RULE}, but is "team-lambda"`],
    ['NAVARCH_SSH_PORT', 'ssh', 'must be a whole number from 1 to 65535, but is "ssh"'],
    ['NAVARCH_SSH_PORT', '0', 'must be a whole number from 1 to 65535, but is "0"'],
    ['NAVARCH_SSH_PORT', '65536', 'must be a whole number from 1 to 65535, but is "65536"'],
    ['NAVARCH_SSH_PORT', '0x16', 'must be a whole number from 1 to 65535, but is "0x16"'],
    ['NAVARCH_SSH_PORT', '2.2e1', 'must be a whole number from 1 to 65535, but is "2.2e1"'],
    ['NAVARCH_CONTROL_PLANE_URL', 'navarch:50051', `${URL_RULE}, but is "navarch:50051"`],
    ['NAVARCH_AGENT_CONTROL_PLANE_URL', 'nowhere', `${URL_RULE}, but is "nowhere"`],
    ['NAVARCH_AGENT_SHA256_ARM64', 'sha256:00', 'must be 64 hex digits, but is "sha256:00"'],
    ['NAVARCH_AGENT_DOWNLOAD_URL', '/srv/agents', `${URL_RULE}, but is "/srv/agents"`],
    ['NAVARCH_HTTP_ADDRESS', '8080', `${ADDRESS}, but is "8080"`],
    ['NAVARCH_HTTP_ADDRESS', ':8080', `${ADDRESS}, but is ":8080"`],
    ['NAVARCH_HTTP_ADDRESS', 'http://127.0.0.1:8080', `${ADDRESS}, but is "http://127.0.0.1:8080"`],
    ['NAVARCH_HTTP_ADDRESS', '127.0.0.1:99999', 'must have a port of at most 65535, but is "127.0.0.1:99999"'],
    ['NAVARCH_METRICS_ADDRESS', 'localhost', `${ADDRESS}, but is "localhost"`],
    ['NAVARCH_LOG_LEVEL', 'loud', 'must be one of trace, debug, info, warn, error, but is "loud"'],
    ['NAVARCH_LOG_FORMAT', 'xml', 'must be json or pretty, but is "xml"'],
    ['NAVARCH_MAX_CACHED_WORKFLOWS', '1', 'must be a whole number from 2 to 1000000, but is "1"'],
    ['NAVARCH_HOST_KEY_SECRET', 'short', 'must be at least 16 characters'],
  ])('%s=%s: its name, the rule, and the value unless it is a secret', (name, value, complaint) => {
    expect(complaintsAbout({ ...LEAST, [name]: value })).toEqual([`${name}: ${complaint}`]);
  });

  test('is named all at once', () => {
    const complaints = complaintsAbout({
      ...LEAST,
      LAMBDA_TIMEOUT: '1',
      NAVARCH_SSH_PORT: 'x',
      NAVARCH_LOG_FORMAT: 'y',
    });
    expect(complaints.map((complaint) => complaint.split(':')[0])).toEqual([
      'LAMBDA_TIMEOUT',
      'NAVARCH_SSH_PORT',
      'NAVARCH_LOG_FORMAT',
    ]);
  });

  test('is shown without the password that a URL carries', () => {
    const [complaint] = complaintsAbout({ ...LEAST, LAMBDA_BASE_URL: 'htps://user:hunter2@lambda.example' });
    expect(complaint).toBe('LAMBDA_BASE_URL: must be an http or https URL, but is "htps://…@lambda.example"');
  });
});

describe.each(SECRETS)('the secret %s', (name) => {
  const value = VALUES[name] ?? '';
  const fileVariable = `${name}_FILE`;

  test('may be in a file, and is then taken without the newline that editors add (a private key keeps its own)', async () => {
    const config = readConfig({
      ...without(name),
      [fileVariable]: file(name.endsWith('_PRIVATE_KEY') ? value : `${value}\n`),
    });
    expect(await secretOf(config, name)()).toBe(value);
  });

  test('is read from its file again at each use, so that it can be exchanged without a restart', async () => {
    const read = secretOf(readConfig({ ...without(name), [fileVariable]: file(value) }), name);
    const exchanged = value.replace(/[aA]/, 'B');
    file(exchanged);
    expect(await read()).toBe(exchanged);
    file(value);
    expect(await read()).toBe(value);
  });

  test('that is gone or empty at its use is an error that names the variable, not an empty secret', async () => {
    const path = file(value);
    const read = secretOf(readConfig({ ...without(name), [fileVariable]: path }), name);
    file('\n');
    await expect(read()).rejects.toThrow(new ConfigurationError(`${fileVariable}: ${path} is empty`));
    rmSync(path);
    await expect(read()).rejects.toThrow(new ConfigurationError(`${fileVariable}: cannot read ${path} (ENOENT)`));
    file(value);
    expect(await read()).toBe(value);
  });

  test.each([
    ['that is not there', () => join(folder, 'nowhere'), 'ENOENT'],
    ['that is a folder', () => folder, 'EISDIR'],
  ])('in a file %s is one error, which names variable and path', (_, path, code) => {
    const given = path();
    expect(complaintsAbout({ ...without(name), [fileVariable]: given })).toEqual([
      `${fileVariable}: cannot read ${given} (${code})`,
    ]);
  });

  test('in a file that is empty is one error, which names variable and path', () => {
    const path = file(' \n');
    expect(complaintsAbout({ ...without(name), [fileVariable]: path })).toEqual([`${fileVariable}: ${path} is empty`]);
  });

  test('given both ways is refused: nobody could tell which one counts', () => {
    const complaints = complaintsAbout({ ...LEAST, [name]: value, [fileVariable]: file(value) });
    expect(complaints).toEqual([`${name} and ${fileVariable} are both set: keep one`]);
  });

  test('is in no error: not with others at fault, not given both ways, not where the path of its file belongs', () => {
    const everythingWrong = Object.fromEntries(Object.keys(VARIABLES).map((other) => [other, '\u0000']));
    const said = [
      complaintsAbout({ ...everythingWrong, [name]: value }),
      complaintsAbout({ ...LEAST, [name]: value, [fileVariable]: file('x') }),
      complaintsAbout({ ...without(name), [fileVariable]: value }),
    ].flat();
    expect(said.join('\n')).not.toContain(value.trim());
    expect(said.join('\n')).not.toContain(value.slice(30, 50) || value);
    expect(said).toContain(`${fileVariable}: cannot read the file it names (ENOENT)`);
  });
});

test('a host key secret that is too short is not shown, wherever it comes from', () => {
  const said = complaintsAbout({ ...LEAST, NAVARCH_HOST_KEY_SECRET_FILE: file('hunter2') });
  expect(said).toEqual(['NAVARCH_HOST_KEY_SECRET_FILE: must be at least 16 characters']);
});

test('payload keys that are none are refused with their line, wherever they come from, and are not shown', () => {
  const short = `${PAYLOAD_KEYS}\nk0:${Buffer.from('sixteen bytes...').toString('base64')}`;
  const problem = 'line 3: the key is not the base64 of 32 bytes (openssl rand -base64 32)';
  expect(complaintsAbout({ ...LEAST, NAVARCH_PAYLOAD_KEYS: short })).toEqual([`NAVARCH_PAYLOAD_KEYS: ${problem}`]);
  expect(complaintsAbout({ ...LEAST, NAVARCH_PAYLOAD_KEYS_FILE: file(short) })).toEqual([
    `NAVARCH_PAYLOAD_KEYS_FILE: ${problem}`,
  ]);
});

test('a configuration that is logged or serialised by accident shows no secret', () => {
  const config = readConfig({ ...LEAST, ...VALUES });
  for (const value of Object.values(VALUES)) expect(JSON.stringify(config)).not.toContain(value.trim().slice(0, 20));
});

test('every variable says what it is for: the README tells it from here', () => {
  for (const [name, schema] of Object.entries(VARIABLES)) expect(schema.description, name).toMatch(/^[A-Z].*[.…]$/);
  for (const name of SECRETS) expect(VARIABLES[name].description).toContain('Secret.');
});

function secretOf(config: ReturnType<typeof readConfig>, name: (typeof SECRETS)[number]): () => Promise<string> {
  const secret = {
    LAMBDA_API_KEY: config.lambda.apiKey,
    NAVARCH_SSH_PRIVATE_KEY: config.ssh.privateKey,
    NAVARCH_SSH_PREVIOUS_PRIVATE_KEY: config.ssh.previousPrivateKey,
    NAVARCH_HOST_KEY_SECRET: config.ssh.hostKeySecret,
    NAVARCH_AUTH_TOKEN: config.navarch.authToken,
    NAVARCH_PAYLOAD_KEYS: config.payloadKeys,
  }[name];
  if (secret === undefined) throw new Error(`${name} is not in the configuration`);
  return secret;
}

describe('bootstrap secrets', () => {
  const held = (): ((name: string) => Promise<string | undefined>) =>
    readConfig({ ...LEAST, NAVARCH_BOOTSTRAP_SECRETS_DIR: folder }).bootstrapSecret;

  test('are files of their names, read at each use, without the newline that closes them', async () => {
    const secret = held();
    writeFileSync(join(folder, 'API_KEY'), 'one\n');
    expect(await secret('API_KEY')).toBe('one');
    writeFileSync(join(folder, 'API_KEY'), ' two\nlines\n\n');
    expect(await secret('API_KEY')).toBe(' two\nlines\n');
  });

  test('that are not there are undefined, as are all where no folder is named', async () => {
    expect(await held()('NOT_THERE')).toBeUndefined();
    expect(await readConfig(LEAST).bootstrapSecret('API_KEY')).toBeUndefined();
  });

  test('never come from outside of the folder', async () => {
    writeFileSync(join(folder, 'OUTSIDE'), 'x');
    mkdirSync(join(folder, 'inner'), { recursive: true });
    const secret = readConfig({ ...LEAST, NAVARCH_BOOTSTRAP_SECRETS_DIR: join(folder, 'inner') }).bootstrapSecret;
    expect(await secret('../OUTSIDE')).toBeUndefined();
  });

  test('that cannot be read, or that no environment can hold, are an error which does not show them', async () => {
    mkdirSync(join(folder, 'FOLDER'), { recursive: true });
    await expect(held()('FOLDER')).rejects.toThrow('NAVARCH_BOOTSTRAP_SECRETS_DIR: cannot read FOLDER in it (EISDIR)');
    writeFileSync(join(folder, 'WITH_NUL'), 'a\0b');
    await expect(held()('WITH_NUL')).rejects.toThrow('NAVARCH_BOOTSTRAP_SECRETS_DIR: WITH_NUL has a NUL in it');
  });
});
