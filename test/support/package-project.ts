import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NAME = 'navarch-provisioner';

/** A project of somebody who uses the package. */
export interface Project {
  readonly folder: string;
  /** Compiles, as TypeScript sets a project up for Node. What it complains of; empty: nothing. */
  compile(name: string, source: string): Promise<string>;
  /** Runs what was compiled. */
  run(
    name: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<{ exitCode: number | undefined; all: string }>;
  remove(): Promise<void>;
}

/**
 * An empty project with our package, as it would be published, and what it depends on. Without a network: our tarball is unpacked as npm
 * does it, and each of its dependencies (none of ours for development) is linked to this repository's copy.
 */
export async function packageProject(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'package-project-'));
  const modules = join(folder, 'node_modules');
  const { stdout } = await execa('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: ROOT,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await execa('tar', ['-xzf', join(folder, filename), '-C', folder]);
  await mkdir(modules);
  await cp(join(folder, 'package'), join(modules, NAME), { recursive: true });
  await rm(join(folder, 'package'), { recursive: true });
  const manifest = JSON.parse(await readFile(join(modules, NAME, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const dependency of [...Object.keys(manifest.dependencies), '@types/node']) {
    await mkdir(dirname(join(modules, dependency)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', dependency), join(modules, dependency));
  }
  await write('package.json', { name: 'a-service', private: true, type: 'module' });
  const compilerOptions = { target: 'es2023', module: 'nodenext', strict: true, types: ['node'], skipLibCheck: true };
  await write('tsconfig.json', { compilerOptions, include: ['*.ts'] });

  async function write(file: string, content: unknown): Promise<void> {
    await writeFile(join(folder, file), JSON.stringify(content));
  }

  return {
    folder,
    async compile(name, source) {
      await writeFile(join(folder, `${name}.ts`), source);
      const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
      return (await execa(process.execPath, [tsc, '-p', folder], { reject: false })).stdout;
    },
    async run(name, environment) {
      const env = { PATH: process.env['PATH'], ...environment };
      const program = join(folder, `${name}.js`);
      const { exitCode, all } = await execa(process.execPath, [program], {
        cwd: folder,
        all: true,
        reject: false,
        extendEnv: false,
        env,
      });
      return { exitCode, all };
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
