// npm test: installs what is missing and runs the tests; arguments are vitest's. The last line counts them.
import { prepare } from './prepare.mjs';
import { runTests } from './run-tests.mjs';

await prepare();
const { code, line } = await runTests(process.argv.slice(2));
process.stdout.write(`${line}\n`);
process.exitCode = code;
