import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { TestProject } from 'vitest/node';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const WORKER = 'test/faults/harness/worker-process';
/** What a worker process is made of, and more: which part of the product needs which changes. */
const FOLDERS = ['src', 'test/faults/harness'];

/** Node 20 reads no TypeScript, and the workers that get killed are processes of their own: they run from a copy in JavaScript. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Inside the project, so that packages are found.
  await mkdir(join(ROOT, '.cache'), { recursive: true });
  const folder = await mkdtemp(join(ROOT, '.cache', 'faults-'));
  await cp(join(ROOT, 'package.json'), join(folder, 'package.json'));
  for (const top of FOLDERS) {
    for (const entry of await readdir(join(ROOT, top), { recursive: true, withFileTypes: true })) {
      const path = relative(ROOT, join(entry.parentPath, entry.name));
      if (entry.isFile() && /(?<![.]d)[.]ts$/.test(path)) await transpile(path, folder);
    }
  }
  project.provide('workerProcessPath', join(folder, `${WORKER}.js`));
  return () => rm(folder, { recursive: true, force: true });
}

async function transpile(path: string, folder: string): Promise<void> {
  const { outputText } = ts.transpileModule(await readFile(join(ROOT, path), 'utf8'), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      rewriteRelativeImportExtensions: true,
      verbatimModuleSyntax: true,
    },
  });
  const target = join(folder, path.replace(/[.]ts$/, '.js'));
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, outputText);
}
