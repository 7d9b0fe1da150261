// Writes src/clients/navarch/gen from proto/. With --check it writes nothing, and exits 1 if the files there are not what proto/
// gives. Neither needs a network: buf and its plugin come from node_modules.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const generated = join(root, 'src', 'clients', 'navarch', 'gen');
const check = process.argv.includes('--check');

function buf(...args) {
  execFileSync(join(bin, 'buf'), args, {
    cwd: join(root, 'proto'),
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/** File name to text; empty when there is no such folder yet. */
function contents(folder) {
  try {
    return new Map(
      readdirSync(folder)
        .toSorted()
        .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
    );
  } catch (error) {
    if (error.code === 'ENOENT') return new Map();
    throw error;
  }
}

const fresh = mkdtempSync(join(tmpdir(), 'navarch-generate-'));
try {
  buf('lint');
  buf('generate', '--output', fresh);
  const [wanted, found] = [contents(fresh), contents(generated)];
  const differing = [...new Set([...wanted.keys(), ...found.keys()])].filter(
    (name) => wanted.get(name) !== found.get(name),
  );
  if (check && differing.length > 0) {
    process.stderr.write(
      `generated code does not match proto/navarch.proto (src/clients/navarch/gen: ${differing.join(', ')}): run npm run generate and commit the result\n`,
    );
    process.exitCode = 1;
  }
  if (!check) {
    mkdirSync(generated, { recursive: true });
    for (const name of differing) {
      const text = wanted.get(name);
      if (text === undefined) rmSync(join(generated, name));
      else writeFileSync(join(generated, name), text);
    }
  }
} catch (error) {
  // buf has said what is wrong; a stack trace of ours would only hide it.
  if (error.status === undefined) throw error;
  process.stderr.write('generate: buf refused proto/, see above\n');
  process.exitCode = 1;
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
