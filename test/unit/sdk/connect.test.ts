import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  ConfigurationError,
  NodeProvisioner,
  TemporalUnreachableError,
  type ConnectOptions,
} from '../../../src/sdk/index.ts';
import { resolve } from '../../../src/sdk/connect.ts';
import { identity, standIn, type Call, type StandIn } from './temporal-stand-in.ts';

const server = identity('temporal.test');
const client = identity('a-service.test');
/** For those that never connect: however long they try, they are not let in. */
const SHORTLY_MS = 1_000;
// Each connection has five seconds of its own, and a busy machine may need them.
vi.setConfig({ testTimeout: 30_000 });

const closing: (() => void)[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdk-connect-'));
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await rm(folder, { recursive: true });
});

async function started(...options: Parameters<typeof standIn>): Promise<StandIn> {
  const one = await standIn(...options);
  closing.push(() => one.close());
  return one;
}

/** What the server hears of a client that connects so. */
async function heard(at: StandIn, options: ConnectOptions): Promise<Call | undefined> {
  const provisioner = await NodeProvisioner.connect({ environment: {}, address: at.address, ...options });
  await provisioner.close();
  return at.calls[0];
}

/** The error of a client that does not get in. */
async function refused(at: StandIn, options: ConnectOptions): Promise<unknown> {
  const connectionOptions = { connectTimeout: SHORTLY_MS };
  return heard(at, { connectionOptions, ...options }).catch((error: unknown) => error);
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('an API key', () => {
  test('is sent as bearer token, and a function is asked for it at each request', async () => {
    const plain = await started();
    expect(await heard(plain, { apiKey: 'a-key', tls: false })).toMatchObject({
      headers: { authorization: 'Bearer a-key' },
      overTls: false,
    });
    let key = 'first';
    const provisioner = await NodeProvisioner.connect({
      environment: {},
      address: plain.address,
      tls: false,
      apiKey: () => key,
    });
    key = 'second';
    await provisioner.list();
    await provisioner.close();
    expect(plain.calls.slice(1).map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      ...plain.calls.slice(2).map(() => 'Bearer second'),
    ]);
    expect(plain.calls.length).toBeGreaterThan(2);
  });

  test('is sent over TLS unless that is switched off', async () => {
    const secure = await started({ server });
    const call = await heard(secure, {
      apiKey: 'a-key',
      tls: { serverCaCertificate: server.certificate, serverName: 'temporal.test' },
    });
    expect(call).toMatchObject({ headers: { authorization: 'Bearer a-key' }, overTls: true });
    expect(resolve({ apiKey: 'a-key', environment: {} }).connection).not.toHaveProperty('tls', false);
    const plain = await started();
    expect(String(await refused(plain, { apiKey: 'a-key' }))).toMatch(/cannot reach Temporal at .*, over TLS/);
    expect(plain.calls).toEqual([]);
  });

  test('comes from the environment, and an option goes before it', async () => {
    const plain = await started();
    const environment = { TEMPORAL_API_KEY: 'configured', TEMPORAL_TLS: 'false' };
    expect(await heard(plain, { environment })).toMatchObject({ headers: { authorization: 'Bearer configured' } });
    const other = await started();
    expect(await heard(other, { environment, apiKey: 'given', tls: false })).toMatchObject({
      headers: { authorization: 'Bearer given' },
    });
  });
});

describe('TLS', () => {
  const trusted = { serverCaCertificate: server.certificate, serverName: 'temporal.test' };

  test('a server whose authority we were given is spoken to, one that we do not know is not', async () => {
    const secure = await started({ server });
    expect(await heard(secure, { tls: trusted })).toMatchObject({ overTls: true });
    const stranger = await started({ server: identity('temporal.test') });
    expect(await refused(stranger, { tls: trusted })).toBeInstanceOf(TemporalUnreachableError);
    expect(await refused(stranger, { tls: true })).toBeInstanceOf(TemporalUnreachableError);
    expect(stranger.calls).toEqual([]);
  });

  test('mTLS: the server knows us by our certificate, by options or by configuration', async () => {
    const strict = await started({ server, onlyClient: client.certificate });
    expect(await refused(strict, { tls: trusted })).toBeInstanceOf(TemporalUnreachableError);
    const { certificate: clientCertificate, key: clientKey } = client;
    const tls = { ...trusted, clientCertificate, clientKey: Buffer.from(clientKey) };
    expect(await heard(strict, { tls })).toMatchObject({ client: 'a-service.test' });

    const configured = await started({ server, onlyClient: client.certificate });
    const environment = {
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: await file('ca.pem', server.certificate),
      TEMPORAL_TLS_SERVER_NAME: 'temporal.test',
      TEMPORAL_TLS_CLIENT_CERT_PATH: await file('client.pem', clientCertificate),
      TEMPORAL_TLS_CLIENT_KEY_PATH: await file('client.key', clientKey),
    };
    expect(await heard(configured, { environment })).toMatchObject({ client: 'a-service.test' });
  });

  test('half of a pair is refused before anything is sent', async () => {
    await expect(
      NodeProvisioner.connect({ environment: {}, tls: { clientCertificate: client.certificate } }),
    ).rejects.toThrow("Temporal's client configuration cannot be used: tls: clientCertificate and clientKey");
  });

  test('each field goes before the configured one, and leaves the others', () => {
    const environment = { TEMPORAL_TLS_SERVER_NAME: 'configured', TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'the authority' };
    expect(resolve({ environment, tls: { serverName: 'given' } }).connection.tls).toMatchObject({
      serverNameOverride: 'given',
      serverRootCACertificate: new TextEncoder().encode('the authority'),
    });
    expect(resolve({ environment, tls: true }).connection.tls).toMatchObject({ serverNameOverride: 'configured' });
    expect(resolve({ environment, tls: false }).connection.tls).toBe(false);
  });
});

test("address and namespace: the option, else the environment, else the profile of Temporal's file, else a local server's", async () => {
  const TEMPORAL_CONFIG_FILE = await file(
    'temporal.toml',
    [
      '[profile.default]',
      'address = "from-file:7233"',
      '[profile.staging]',
      'address = "staging:7233"',
      'namespace = "gpu"',
    ].join('\n'),
  );
  const where = (options: ConnectOptions) => {
    const { connection, namespace } = resolve(options);
    return `${connection.address} ${namespace}`;
  };
  const environment = { TEMPORAL_CONFIG_FILE };
  expect(where({ environment: { TEMPORAL_CONFIG_FILE: join(folder, 'none.toml') } })).toBe('localhost:7233 default');
  expect(where({ environment })).toBe('from-file:7233 default');
  expect(where({ environment, profile: 'staging' })).toBe('staging:7233 gpu');
  expect(where({ environment: { ...environment, TEMPORAL_PROFILE: 'staging' } })).toBe('staging:7233 gpu');
  const set = { ...environment, TEMPORAL_ADDRESS: 'from-env:7233', TEMPORAL_NAMESPACE: 'env' };
  expect(where({ environment: set })).toBe('from-env:7233 env');
  expect(where({ environment: set, address: 'given:7233', namespace: 'given' })).toBe('given:7233 given');
  expect(where({ environment: {}, connectionOptions: { address: 'raw:7233' } })).toBe('raw:7233 default');
});

describe("the Temporal UI's address", () => {
  test.each([
    ['gpu.a1b2c.tmprl.cloud:7233', 'https://cloud.temporal.io'],
    ['us-east-1.aws.api.temporal.io:7233', 'https://cloud.temporal.io'],
    ['localhost:7233', undefined],
    ['tmprl.cloud.example.com:7233', undefined],
    ['nottmprl.cloud:7233', undefined],
  ])('of %s is %s unless it is said', (address, uiUrl) => {
    expect(resolve({ address, environment: {} }).uiUrl).toBe(uiUrl);
    const environment = { NAVARCH_TEMPORAL_UI_URL: 'https://temporal.example.com' };
    expect(resolve({ address, environment }).uiUrl).toBe('https://temporal.example.com');
    expect(resolve({ address, environment, uiUrl: 'http://10.0.0.1:8233' }).uiUrl).toBe('http://10.0.0.1:8233');
  });

  test('that is none is refused', () => {
    for (const uiUrl of ['temporal.example.com', 'ftp://temporal.example.com', 'localhost:8233']) {
      expect(() => resolve({ uiUrl, environment: {} })).toThrow(`${uiUrl}, is no http or https address`);
    }
  });
});

test('a server that refuses our key says so, one that is not there cannot', async () => {
  const strict = await started(undefined, 'unknown API key');
  const connectionOptions = {}; // it answers: no reason to give up soon
  expect(String(await refused(strict, { apiKey: 'a-key', tls: false, connectionOptions }))).toContain(
    `cannot reach Temporal at ${strict.address}, without TLS: unknown API key`,
  );
  const gone = await started();
  gone.close();
  expect(String(await refused(gone, {}))).toContain('without TLS: Failed to connect before the deadline');
});

test('a configuration that cannot be used is no server that cannot be reached: trying again does not help', async () => {
  const unreadable = await file('temporal.toml', 'address = ');
  for (const environment of [{ NAVARCH_TEMPORAL_UI_URL: 'localhost:8233' }, { TEMPORAL_CONFIG_FILE: unreadable }]) {
    const error: unknown = await NodeProvisioner.connect({ environment }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).not.toBeInstanceOf(TemporalUnreachableError);
  }
});

test.each(['Research', 'default', 'team-lambda', ''])(
  'an account that no worker can have, %j, is refused before anything is sent',
  async (account) => {
    const connecting = NodeProvisioner.connect({ environment: {}, address: '127.0.0.1:1', account });
    await expect(connecting).rejects.toThrow(ConfigurationError);
    await expect(connecting).rejects.toThrow(/account: the name must be/);
  },
);
