import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { SECRETS, VARIABLES } from '../../../src/config.ts';
import { readDockerfile, type Stage } from '../../support/image/dockerfile.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDER = join(REPOSITORY, 'deploy', 'kubernetes');

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: object;
  /** Of kustomize. */
  readonly resources?: readonly string[];
}

/** Resources of an operator, and what kustomize itself reads: Kubernetes knows nothing of these. */
const NOT_ITS_OWN = ['PodMonitor', 'Kustomization'];

let manifests: ReadonlyMap<string, Manifest>;
let image: Stage;
let scratch: string;

beforeAll(async () => {
  const files = await readdir(FOLDER);
  const read = files.map(
    async (file) => [file, parse(await readFile(join(FOLDER, file), 'utf8')) as Manifest] as const,
  );
  manifests = new Map(await Promise.all(read));
  image = (await readDockerfile(join(REPOSITORY, 'Dockerfile'))).at(-1) as Stage;
  // Within the repository, so that packages are found.
  await mkdir(join(REPOSITORY, '.cache'), { recursive: true });
  scratch = await mkdtemp(join(REPOSITORY, '.cache', 'kubernetes-'));
});
afterAll(() => rm(scratch, { recursive: true }));

function ofKind(kind: string): Manifest {
  const found = [...manifests.values()].find((manifest) => manifest.kind === kind);
  if (found === undefined) throw new Error(`deploy/kubernetes has no ${kind}`);
  return found;
}

type Spec = NonNullable<Deployment['spec']>;

function deployment(): Manifest & { readonly spec: Spec } {
  const manifest = ofKind('Deployment');
  return { ...manifest, spec: manifest.spec as Spec };
}

type ModelClass = new (data: object) => { validate(): void };
const require = createRequire(import.meta.url);

/** Complaints of Kubernetes' own schemas, as the package carries them. */
function complaints({ apiVersion, kind, ...rest }: Manifest): string {
  const models = require(`kubernetes-models/${apiVersion}/${kind}`) as Record<string, ModelClass>;
  const Model = models[kind];
  if (Model === undefined) throw new Error(`kubernetes-models has no ${apiVersion} ${kind}`);
  try {
    new Model(rest).validate();
    return '';
  } catch (error) {
    return String(error);
  }
}

/** Complaints of the compiler, which knows the fields that there are: the schemas let others pass. */
async function unknownFields(all: readonly Manifest[]): Promise<string> {
  const lines = all.map(({ apiVersion, kind, ...rest }, index) => {
    const type = `import('kubernetes-models/${apiVersion}').I${kind}`;
    return `export const m${index}: ${type} = ${JSON.stringify({ apiVersion, kind, ...rest })};`;
  });
  await writeFile(join(scratch, 'manifests.ts'), lines.join('\n'));
  const options = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--types',
    'node',
  ];
  const tsc = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc');
  return (
    await execa(process.execPath, [tsc, ...options, join(scratch, 'manifests.ts')], { reject: false, cwd: scratch })
  ).stdout;
}

describe('the Kubernetes manifests', () => {
  test('are what the schemas of Kubernetes want, with no field that it does not know', async () => {
    const own = [...manifests.values()].filter(({ kind }) => !NOT_ITS_OWN.includes(kind));
    expect(own.map(({ kind }) => kind).sort()).toEqual([
      'ConfigMap',
      'Deployment',
      'NetworkPolicy',
      'PodDisruptionBudget',
    ]);
    for (const manifest of own) expect(complaints(manifest)).toBe('');
    expect(await unknownFields(own)).toBe('');
  }, 60_000);

  test('would be found out: a wrong type, and a field that there is not', async () => {
    const wrong = structuredClone(deployment()) as unknown as { spec: Record<string, unknown> };
    wrong.spec['replicas'] = 'two';
    expect(complaints(wrong as never)).toContain('replicas');
    expect(complaints(Object.assign({}, ofKind('ConfigMap'), { data: { a: 1 } }) as never)).toContain('data');
    const misspelt = parse(stringify(deployment()).replace('readinessProbe', 'readynessProbe')) as Manifest;
    expect(await unknownFields([misspelt])).toContain('readynessProbe');
  }, 60_000);

  test('are all named to kustomize, but for what needs an operator', async () => {
    const { resources = [] } = ofKind('Kustomization');
    const expected = [...manifests].filter(([, { kind }]) => !NOT_ITS_OWN.includes(kind)).map(([file]) => file);
    expect(resources.toSorted()).toEqual(expected.toSorted());
    expect(await readFile(join(FOLDER, 'kustomization.yaml'), 'utf8')).toContain('# - podmonitor.yaml');
  });

  test('say of the worker what is true: its variables, its ports, its user, its time to drain', () => {
    const pod = deployment().spec.template.spec;
    const [worker] = pod?.containers ?? [];
    const variables = (worker?.env ?? []).map(({ name }) => name);
    expect(
      variables
        .map((name) => name.replace(/_FILE$/, ''))
        .filter((name) => !(SECRETS as readonly string[]).includes(name)),
    ).toEqual([]);
    const settings = Object.keys(ofKind('ConfigMap').data ?? {}).filter((name) => !name.startsWith('TEMPORAL_'));
    expect(settings.filter((name) => !(name in VARIABLES))).toEqual([]);
    expect(settings.filter((name) => (SECRETS as readonly string[]).includes(name))).toEqual([]);

    const environment = Object.fromEntries(
      image.steps.flatMap((step) => (step.do === 'env' ? [[step.name, step.value]] : [])),
    );
    const port = (name: string): string =>
      `0.0.0.0:${worker?.ports?.find((one) => one.name === name)?.containerPort ?? 'none'}`;
    expect(port('http')).toBe(environment['NAVARCH_HTTP_ADDRESS']);
    expect(port('metrics')).toBe(environment['NAVARCH_METRICS_ADDRESS']);
    expect(`${pod?.securityContext?.runAsUser ?? ''}:${pod?.securityContext?.runAsGroup ?? ''}`).toBe(image.user);
    expect(worker?.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    expect(pod?.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(130);
  });

  test('select the pods that the Deployment makes', () => {
    const labels = deployment().spec.template.metadata?.labels;
    expect(deployment().spec.selector.matchLabels).toEqual(labels);
    for (const kind of ['PodDisruptionBudget', 'PodMonitor']) {
      expect(ofKind(kind)).toMatchObject({ spec: { selector: { matchLabels: labels } } });
    }
    expect(ofKind('NetworkPolicy')).toMatchObject({ spec: { podSelector: { matchLabels: labels } } });
  });
});
