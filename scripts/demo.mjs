// npm run demo: installs what is missing, compiles, and shows one node's life against the simulator.
import { build, prepare, run } from './prepare.mjs';

await prepare();
await build();
process.exitCode = await run(process.execPath, ['dist/bin.js', 'demo', ...process.argv.slice(2)]);
