// npm run fixture-release: makes the earlier release that test/replay/versions.test.ts runs beside today's: the workflows of the commit in
// test/replay/fixture-release/release.json, with the edits there, as one compressed bundle. To be made anew when the SDK is updated, for a
// bundle is of one SDK.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { ROOT, say } from './prepare.mjs';

const FOLDER = join(ROOT, 'test', 'replay', 'fixture-release');
/** Its name is in the bundle. */
const SOURCES = join(ROOT, '.cache', 'fixture-release');

const { commit, edits } = JSON.parse(readFileSync(join(FOLDER, 'release.json'), 'utf8'));
rmSync(SOURCES, { recursive: true, force: true });
mkdirSync(SOURCES, { recursive: true });
const archive = execFileSync('git', ['archive', commit, 'src'], { cwd: ROOT, maxBuffer: 1 << 28 });
execFileSync('tar', ['-x', '-C', SOURCES], { input: archive });
for (const { file, from, to } of edits) {
  const source = readFileSync(join(SOURCES, file), 'utf8');
  if (source.split(from).length !== 2) throw new Error(`${file} of ${commit} does not have exactly once: ${from}`);
  writeFileSync(
    join(SOURCES, file),
    source.replace(from, () => to),
  );
}
const { code } = await bundleWorkflowCode({
  workflowsPath: join(SOURCES, 'src/workflows/index.ts'),
  preloadModules: [join(SOURCES, 'src/workflows/shared-modules.ts')],
  logger: new DefaultLogger('WARN'),
});
rmSync(SOURCES, { recursive: true, force: true });
// A worker wants a source map; an empty one is small.
const empty = Buffer.from(JSON.stringify({ version: 3, sources: [], names: [], mappings: '' })).toString('base64');
const withoutMap = code.replace(
  /(\/\/# sourceMappingURL=data:application\/json;[^,]*base64,)[A-Za-z0-9+/=]+/,
  `$1${empty}`,
);
const bundle = withoutMap.replaceAll(`${ROOT}/`, '/');
const compressed = gzipSync(bundle, { level: 9 });
writeFileSync(join(FOLDER, 'workflow-bundle.js.gz'), compressed);
say(`fixture release of ${commit.slice(0, 7)}: ${Math.round(compressed.length / 1024)} KiB`);
process.exit(0);
