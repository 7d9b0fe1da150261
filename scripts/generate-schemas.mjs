// Writes schema/ from the zod schemas of src/contract, by way of dist. With --check it writes nothing, and exits 1 if the files there are
// not what the contract gives.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, build, prepare, say } from './prepare.mjs';

await prepare();
await build();
const { jsonSchemas } = await import('../dist/contract/json-schemas.js');

const folder = join(ROOT, 'schema');
mkdirSync(folder, { recursive: true });
const wanted = new Map(Object.entries(jsonSchemas()));
const found = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
const differing = [...new Set([...wanted.keys(), ...found.keys()])].filter(
  (name) => wanted.get(name) !== found.get(name),
);

if (process.argv.includes('--check')) {
  if (differing.length > 0) {
    say(
      `schema/ does not match src/contract (${differing.join(', ')}): run node scripts/generate-schemas.mjs and commit`,
    );
    process.exitCode = 1;
  }
} else {
  for (const name of differing) {
    const text = wanted.get(name);
    if (text === undefined) rmSync(join(folder, name));
    else writeFileSync(join(folder, name), text);
    say(`${text === undefined ? 'removed' : 'wrote'} schema/${name}`);
  }
}
