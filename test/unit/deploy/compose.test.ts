import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SECRETS, VARIABLES } from '../../../src/config.ts';
import { readDockerfile } from '../../support/image/dockerfile.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const at = (...path: string[]): string => join(REPOSITORY, ...path);

interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly restart?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly { readonly type: string; readonly source: string; readonly target: string }[];
  readonly secrets?: readonly { readonly source: string; readonly target: string }[];
  readonly ports?: readonly { readonly host_ip?: string }[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly read_only?: boolean;
  readonly stop_grace_period?: string;
  readonly network_mode?: string;
  readonly networks?: Readonly<Record<string, { readonly aliases?: readonly string[] } | null>>;
}

interface Project {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes?: object;
  readonly secrets?: Readonly<Record<string, { readonly file: string }>>;
}

/** By the profiles with which Compose read the file. */
let projects: Readonly<Record<'lambda' | 'simulator' | 'lambda,simulator', Project>> | undefined;
let folder: string;
let checker: string | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'compose-'));
  checker = await buildChecker();
  if (checker === undefined) return;
  const { stdout } = await execa(checker, [at('docker-compose.yml'), 'lambda', 'simulator', 'lambda,simulator']);
  projects = JSON.parse(stdout) as typeof projects;
}, 300_000);
afterAll(() => rm(folder, { recursive: true }));

/** Compose's own reader, which is written in Go. The flags are those of the Temporal server's build: what both need is compiled once. */
async function buildChecker(): Promise<string | undefined> {
  const built = join(folder, 'compose-check');
  const { PATH = '' } = process.env;
  const env = { PATH: `${PATH}:/usr/local/go/bin`, CGO_ENABLED: '0' };
  const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', built, '.'];
  try {
    await execa('go', args, { cwd: at('tools', 'compose-check'), env });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return built;
}

/** What Compose says of a text, read with one profile. */
async function refusal(text: string): Promise<string> {
  const { stderr } = await execa(checker ?? '', ['-', 'lambda'], { cwd: REPOSITORY, reject: false, input: text });
  return stderr;
}

function project(profiles: keyof NonNullable<typeof projects>): Project {
  if (projects === undefined) throw new Error('unreachable: skipped without Go');
  return projects[profiles];
}

const all = (): readonly (readonly [string, Service])[] => Object.entries(project('lambda,simulator').services);

describe('docker-compose.yml', () => {
  beforeEach((context) => {
    if (projects === undefined) context.skip('Go is missing, in which Compose is written');
  });

  test('is what Compose reads, by its schema and consistent, with each profile and with both', () => {
    const names = (profiles: keyof NonNullable<typeof projects>): string[] => Object.keys(project(profiles).services);
    const base = [
      'grafana',
      'postgresql',
      'prometheus',
      'temporal',
      'temporal-namespaces',
      'temporal-schema',
      'temporal-ui',
    ];
    expect(names('lambda').sort()).toEqual([...base, 'setup', 'worker'].sort());
    expect(names('simulator').sort()).toEqual([...base, 'setup-simulated', 'simulator', 'worker-simulated'].sort());
  });

  test('would be refused: a field that there is not, and a dependency outside of the profile', async () => {
    const text = await readFile(at('docker-compose.yml'), 'utf8');
    expect(await refusal(text)).toBe('');
    expect(await refusal(text.replace('stop_grace_period:', 'stop_grace:'))).toContain('stop_grace');
    expect(await refusal(text.replace('profiles: [lambda]', 'profiles: [other]'))).toContain('setup');
  });

  test('mounts and builds from what is there', async () => {
    for (const [name, { volumes = [] }] of all()) {
      for (const { type, source } of volumes) {
        if (type === 'bind') await expect(access(source), `${name}: ${source}`).resolves.toBeUndefined();
        else expect(Object.keys(project('lambda,simulator').volumes ?? {})).toContain(source);
      }
    }
    for (const script of ['schema.sh', 'namespaces.sh']) await execa('sh', ['-n', at('deploy/temporal', script)]);
    const prometheus = parse(await readFile(at('deploy/prometheus/prometheus.yml'), 'utf8')) as {
      rule_files: string[];
    };
    for (const file of prometheus.rule_files) await access(at('deploy/prometheus', file));
  });

  test('takes secrets from files only, of which git and the image know nothing', async () => {
    const secrets = Object.values(project('lambda,simulator').secrets ?? {}).map(({ file }) =>
      relative(REPOSITORY, file),
    );
    const { stdout } = await execa('git', ['check-ignore', ...secrets, 'worker.env'], { cwd: REPOSITORY });
    expect(stdout.split('\n')).toEqual([...secrets, 'worker.env']);
    const { environment = {}, secrets: mounted = [] } = project('lambda').services['worker'] ?? {};
    const files = Object.entries(environment).filter(([name]) => name.endsWith('_FILE'));
    expect(files.map(([, path]) => path).sort()).toEqual(mounted.map(({ source }) => `/run/secrets/${source}`).sort());
    for (const name of SECRETS) expect(Object.keys(environment)).not.toContain(name);
  });

  test('needs nothing of a person for the simulated cloud but the password of the database', () => {
    const { services, secrets = {} } = project('simulator');
    const used = new Set(
      Object.values(services).flatMap((service) => (service.secrets ?? []).map(({ source }) => source)),
    );
    expect([...used]).toEqual(['postgres-password']);
    expect(secrets).toHaveProperty('postgres-password');
  });

  test('gives our services variables that they know', () => {
    const known = new Set([
      ...Object.keys(VARIABLES),
      ...SECRETS.map((name) => `${name}_FILE`),
      'NAVARCH_TEMPORAL_UI_URL',
    ]);
    for (const [name, { image, environment = {} }] of all()) {
      if (!image.startsWith('navarch-provisioner:')) continue;
      const unknown = Object.keys(environment).filter(
        (variable) => !variable.startsWith('TEMPORAL_') && !known.has(variable),
      );
      expect(unknown, name).toEqual([]);
    }
  });

  test('opens ports to this host only, names every version, and starts what failed again', () => {
    for (const [name, { image, ports = [], restart }] of all()) {
      expect(
        ports.map((port) => port.host_ip ?? 'everywhere').filter((host) => host !== '127.0.0.1'),
        name,
      ).toEqual([]);
      expect(image, name).toMatch(/:(v?\d+\.\d+(\.\d+)?(-[a-z]+)?|local)$/);
      expect(restart, name).toMatch(/^(unless-stopped|on-failure:\d)$/);
    }
  });

  test('waits for health where there is some to wait for, and for the end of what runs once', async () => {
    const image = (await readDockerfile(at('Dockerfile'))).at(-1);
    expect(image?.healthCheck).not.toEqual([]);
    for (const [name, { depends_on = {} }] of all()) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        const service = project('lambda,simulator').services[other];
        const once = service?.restart?.startsWith('on-failure') === true;
        expect(condition, `${name} on ${other}`).toBe(once ? 'service_completed_successfully' : 'service_healthy');
        if (!once) expect(service?.healthcheck?.test, other).toBeDefined();
      }
    }
  });

  test('lets a worker drain, and is found by Prometheus under the names that it asks for', async () => {
    for (const name of ['worker', 'worker-simulated']) {
      expect(project('lambda,simulator').services[name]).toMatchObject({ stop_grace_period: '2m20s', read_only: true });
    }
    const { services } = project('simulator');
    expect(services['worker-simulated']?.network_mode).toBe('service:simulator');
    expect(services['simulator']?.networks?.['default']?.aliases).toEqual(['worker-simulated']);
    const config = await readFile(at('deploy/prometheus/prometheus.yml'), 'utf8');
    expect(config).toContain('names: [worker, worker-simulated]');
  });
});
