import * as provisionNode from '../contract/provision-node.ts';
import * as brokerMessages from '../contract/read-broker-messages.ts';
import * as sweep from '../contract/sweep.ts';
import * as terminateNode from '../contract/terminate-node.ts';
import * as bootstrapPlan from '../domain/bootstrap-plan.ts';
import * as durations from '../domain/durations.ts';
import * as names from '../domain/names.ts';

// What all workflows of a worker thread share. Each cached workflow has modules of its own, and with zod and the schemas of our messages in
// them it would hold a megabyte and take ten milliseconds to begin. This file is the bundle's `preloadModules`; no code imports it.

// The SDK freezes what it shares, from the modules' exports down, but not what hangs on something frozen. Schemas work out parts of themselves
// when they are first used, and patterns note where they stand: frozen, both would throw. So they hang on frozen exports. No workflow sees
// what another one left there.
for (const exports of [provisionNode, brokerMessages, sweep, terminateNode, bootstrapPlan, durations, names]) {
  Object.freeze(exports);
}

// The same with zod's own: it finds out whether it may compile.
terminateNode.terminateNodeRequest.safeParse({});
