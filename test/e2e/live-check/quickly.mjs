// `npm run live-check` as a process, but for its waits between looks: simulated time runs forty times as fast.
import { DEFAULT_LOOKS } from '../../../dist/activities/dependencies.js';
import { main } from '../../../dist/live-check/main.js';

const looks = Object.fromEntries(
  Object.entries(DEFAULT_LOOKS).map(([name, ms]) => [name, Math.max(Math.round(ms / 40), 50)]),
);
process.exit(await main(process.argv.slice(2), { looks }));
