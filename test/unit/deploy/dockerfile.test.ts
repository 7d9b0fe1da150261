import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import dockerignore from '@balena/dockerignore';
import { beforeAll, describe, expect, test } from 'vitest';
import { readDockerfile, type Stage } from '../../support/image/dockerfile.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

let stages: readonly Stage[];
let text: string;
beforeAll(async () => {
  stages = await readDockerfile(join(REPOSITORY, 'Dockerfile'));
  text = await readFile(join(REPOSITORY, 'Dockerfile'), 'utf8');
});

describe('the Dockerfile', () => {
  test('begins each stage with the same Node 24 on slim Debian, to the patch', () => {
    const bases = new Set(stages.map(({ base }) => base));
    expect([...bases]).toEqual([expect.stringMatching(/^node:24\.\d+\.\d+-[a-z]+-slim$/)]);
  });

  test('ends as a user by number, drained by SIGTERM, with a health check, both ports and who it is', () => {
    const image = stages.at(-1);
    expect(image).toMatchObject({ user: '1000:1000', stopSignal: 'SIGTERM', ports: ['8080', '9464'] });
    expect(image).toMatchObject({ entrypoint: ['navarch-provisioner'], command: ['worker'] });
    expect(image?.healthCheck[0]).toBe('node');
    const labels = Object.keys(image?.labels ?? {}).map((label) => label.replace('org.opencontainers.image.', ''));
    expect(labels).toEqual(['title', 'description', 'licenses', 'version', 'revision']);
  });

  test('names no host, and installs what the lockfile says and nothing else', () => {
    expect(text).not.toMatch(/https?:|registry/);
    const commands = stages.flatMap(({ steps }) => steps.flatMap((step) => (step.do === 'run' ? [step.command] : [])));
    const installs = commands.filter((command) => /\b(npm|npx|apt|apt-get|curl|wget)\b/.test(command));
    expect(installs).toEqual([
      'npm ci --ignore-scripts',
      'npm run --silent build',
      'npm ci --omit=dev --ignore-scripts',
    ]);
  });

  test('is sent what it copies, and neither secrets nor builds that lie about', async () => {
    const rules = dockerignore.default().add(await readFile(join(REPOSITORY, '.dockerignore'), 'utf8'));
    const copied = stages.flatMap(({ steps }) =>
      steps.flatMap((step) => (step.do === 'copy' && step.from === undefined ? step.paths : [])),
    );
    expect(copied).toContain('src');
    expect(copied.filter((path) => rules.ignores(path))).toEqual([]);
    const others = ['secrets/lambda-api-key', 'worker.env', '.git/config', 'node_modules/a/index.js', 'dist/bin.js'];
    expect([...others, 'test/a.ts', '.env', 'docs/a.md'].filter((path) => !rules.ignores(path))).toEqual([]);
  });
});
