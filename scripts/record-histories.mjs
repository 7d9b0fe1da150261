// npm run record-histories: records the histories that `npm test -- --project replay` replays, as those of the version in package.json.
import { prepare } from './prepare.mjs';
import { runCompiled } from './run-compiled.mjs';

await prepare();
process.exitCode = await runCompiled('replay', process.argv.slice(2));
