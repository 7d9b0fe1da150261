// What `import … from 'navarch-provisioner'` loads, and how large that is: follows every import and require from the package's door, lazy ones
// included, to the file that Node itself would take. `npm run build && node scripts/client-path.mjs [--json] [file]`; default: dist/sdk/index.js.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { ROOT } from './prepare.mjs';

// Node resolves for a file other than the one that asks only with this.
const RESOLVES_FOR_OTHERS = '--experimental-import-meta-resolve';

/** Every file (its real path) that the entry can reach, which of Node's own modules, and what is asked for and not there. */
function importGraph(entry) {
  const files = new Set();
  const builtins = new Set();
  const missing = new Set();
  const open = [realpathSync(entry)];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    if (!['.js', '.mjs', '.cjs'].includes(extname(file))) continue;
    for (const { fileName: name } of ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles) {
      if (isBuiltin(name)) builtins.add(name.replace('node:', ''));
      else {
        const found = find(name, file);
        if (found === undefined) missing.add(`${name}, from ${packageOf(file).name}`);
        else open.push(found);
      }
    }
  }
  return { files: [...files].sort(), builtins: [...builtins].sort(), missing: [...missing].sort() };
}

function find(name, from) {
  try {
    return realpathSync(
      isEsm(from) ? fileURLToPath(import.meta.resolve(name, pathToFileURL(from))) : createRequire(from).resolve(name),
    );
  } catch {
    return undefined;
  }
}

function isEsm(file) {
  return extname(file) === '.mjs' || (extname(file) === '.js' && packageOf(file).type === 'module');
}

/** The package that a file belongs to. A package.json without a version only says how Node reads its folder. */
function packageOf(file) {
  let type;
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (exists(manifest)) {
      const { name, version, type: saidHere, files } = JSON.parse(readFileSync(manifest, 'utf8'));
      type ??= saidHere ?? 'commonjs';
      if (version !== undefined) return { name, version, folder, type, published: files };
    }
    if (folder === dirname(folder)) throw new Error(`${file} belongs to no package`);
  }
}

/** Packages of the graph: what is loaded of each, and what it takes on disk, in bytes. */
function packagesOf(files) {
  const packages = new Map();
  for (const file of files) {
    const { name, version, folder, published } = packageOf(file);
    // Of this repository only what is published is ever installed.
    const parts = folder === ROOT ? published.map((part) => join(folder, part)).filter(exists) : [folder];
    const known = packages.get(folder) ?? { name, version, files: 0, loaded: 0, installed: total(parts, bytesIn) };
    known.files += 1;
    known.loaded += statSync(file).size;
    packages.set(folder, known);
  }
  return [...packages.values()].sort((a, b) => b.installed - a.installed);
}

function total(items, of) {
  return items.reduce((sum, item) => sum + of(item), 0);
}

function bytesIn(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  // What is nested there is a package of its own.
  const entries = readdirSync(path).filter((entry) => entry !== 'node_modules');
  return total(entries, (entry) => bytesIn(join(path, entry)));
}

function exists(path) {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function main(args) {
  const entry = resolve(args.find((arg) => !arg.startsWith('--')) ?? join(ROOT, 'dist', 'sdk', 'index.js'));
  const graph = importGraph(entry);
  const packages = packagesOf(graph.files);
  if (args.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ ...graph, packages })}\n`);
    return;
  }
  const all = (field) => total(packages, (one) => one[field]);
  const together = {
    name: 'together',
    version: '',
    files: all('files'),
    loaded: all('loaded'),
    installed: all('installed'),
  };
  const mb = (bytes) => `${(bytes / 1e6).toFixed(2).padStart(6)} MB`;
  for (const { name, version, files, loaded, installed } of [...packages, together]) {
    const what = `${name} ${version}`.padEnd(34);
    console.log(`${what} loads ${mb(loaded)} in ${String(files).padStart(3)} files of the ${mb(installed)} installed`);
  }
  if (graph.missing.length > 0) console.log(`asked for and not installed: ${graph.missing.join('; ')}`);
}

if (process.execArgv.includes(RESOLVES_FOR_OTHERS)) main(process.argv.slice(2));
else {
  const again = [RESOLVES_FOR_OTHERS, '--no-warnings', ...process.argv.slice(1)];
  process.exitCode = spawnSync(process.execPath, again, { stdio: 'inherit' }).status ?? 1;
}
