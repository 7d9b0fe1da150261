// npm run build: installs what is missing and compiles src to dist.
import { build, prepare } from './prepare.mjs';

await prepare();
await build();
