// npm start: installs what is missing, compiles, and runs the worker with the environment as it is.
import { build, prepare, run } from './prepare.mjs';

await prepare();
await build();
process.exitCode = await run(process.execPath, ['dist/worker.js', ...process.argv.slice(2)]);
