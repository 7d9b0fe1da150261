// npm run screenshots: takes the pictures of docs/watching.md. --help says what can be chosen.
import { prepare } from './prepare.mjs';
import { runCompiled } from './run-compiled.mjs';

await prepare();
process.exitCode = await runCompiled('screenshots', process.argv.slice(2));
