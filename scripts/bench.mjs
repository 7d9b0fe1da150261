// npm run bench: measures the figures of docs/performance.md. --help says what can be chosen.
import { prepare } from './prepare.mjs';
import { runCompiled } from './run-compiled.mjs';

await prepare();
process.exitCode = await runCompiled('bench', process.argv.slice(2));
