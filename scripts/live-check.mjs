// npm run live-check: one launch at the real Lambda, to ready and to its proven end. It costs money: only with --spend-up-to USD.
import { build, prepare, run } from './prepare.mjs';

await prepare();
await build();
process.exitCode = await run(process.execPath, ['dist/live-check/main.js', ...process.argv.slice(2)]);
