// The law of imports (see CONTRIBUTING.md). Each rule names what a folder may import at run time; type-only imports are free
// where the rule says so. `npm run lint` keeps it.
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: allowed, dependencyTypesNot: ['type-only'] },
});
const NODE = '^(node:)?[a-z0-9_/]+$';
const npm = (...names) => names.map((name) => `node_modules/(${name})(/|$)`);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^src' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'resolvable', severity: 'error', from: { path: '^(src|test)' }, to: { couldNotResolve: true } },
    { name: 'no-test-in-src', severity: 'error', from: { path: '^src' }, to: { path: '^test' } },
    only('domain-is-pure', '^src/domain', ['^src/domain'], 'Rules are pure: no Node, no npm, no clock, no randomness.'),
    only('contract', '^src/contract', [
      '^src/contract',
      '^src/domain',
      ...npm('zod', '@temporalio/common', '@temporalio/workflow', 'nexus-rpc'),
    ]),
    only('workflows', '^src/workflows', [
      '^src/workflows',
      '^src/domain',
      '^src/contract',
      ...npm('@temporalio/workflow', '@temporalio/common'),
    ]),
    {
      name: 'workflow-wall',
      comment: 'Nothing a workflow can reach touches the outside world: it would not replay.',
      severity: 'error',
      from: { path: '^src/workflows' },
      to: {
        path: '^(src/(activities|clients|config|sdk|cli|nexus|payload-encryption|simulator|observability|worker|demo|temporal-server)|node:|node_modules/(got|ssh2|pino))',
        pathNot: '^src/activities/types[.]ts$',
        reachable: true,
      },
    },
    only('activities', '^src/activities', [
      '^src/activities',
      '^src/domain',
      '^src/contract',
      '^src/clients',
      NODE,
      ...npm('@temporalio/activity', '@temporalio/client', '@temporalio/common', 'dataloader'),
    ]),
    only('nexus', '^src/nexus/', [
      '^src/nexus/',
      '^src/domain',
      '^src/contract',
      NODE,
      ...npm('@temporalio/nexus', '@temporalio/client', '@temporalio/common', 'nexus-rpc'),
    ]),
    only('payload-encryption', '^src/payload-encryption', [
      '^src/payload-encryption',
      NODE,
      ...npm('@temporalio/common', '@temporalio/proto', 'fastify', 'zod'),
    ]),
    {
      name: 'who-encrypts',
      comment:
        'Payloads are encrypted where Temporal is met: by workers, and by what calls them. Nothing else sees a key.',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/(payload-encryption|sdk|config[.]ts|worker[.]ts|bin[.]ts)' },
      to: { path: '^src/payload-encryption', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'callers-load-no-server',
      comment: 'What calls us stays light: the codec server is loaded by its command only.',
      severity: 'error',
      from: { path: '^src/(sdk|payload-encryption/index[.]ts)' },
      to: { path: 'node_modules/fastify/', reachable: true },
    },
    only('client-lambda', '^src/clients/lambda', ['^src/clients/lambda', NODE, ...npm('got', 'zod')]),
    only('client-ssh', '^src/clients/ssh', ['^src/clients/ssh', NODE, ...npm('ssh2', 'sshpk', 'zod')]),
    only('client-navarch', '^src/clients/navarch', [
      '^src/clients/navarch',
      NODE,
      ...npm('@connectrpc', '@bufbuild', 'zod'),
    ]),
    only('sdk', '^src/sdk', [
      '^src/sdk',
      '^src/domain',
      '^src/contract',
      '^src/payload-encryption',
      NODE,
      ...npm('@temporalio/client', '@temporalio/common', '@temporalio/envconfig', 'zod'),
    ]),
    only('setup', '^src/setup', [
      '^src/setup',
      '^src/domain',
      '^src/contract',
      '^src/sdk/caller[.]ts$',
      '^src/(sweep-schedule|nexus-endpoint|deployment-version|temporal-server/search-attributes)[.]ts$',
      ...npm('@temporalio/client', '@temporalio/common'),
    ]),
    {
      name: 'cli-goes-through-temporal',
      comment: "The CLI asks the workflows; it cannot go behind Temporal's back.",
      severity: 'error',
      from: { path: '^src/cli/' },
      to: {
        path: '^src/(clients|activities|workflows|simulator|observability|worker)',
        dependencyTypesNot: ['type-only'],
      },
    },
    only('simulator', '^src/simulator', [
      '^src/simulator',
      '^src/clients/navarch/gen',
      NODE,
      ...npm('ssh2', 'fastify', '@connectrpc', '@bufbuild', 'just-bash', 'yaml', 'zod', 'sshpk', 'pino'),
    ]),
    only(
      'live-check',
      '^src/live-check',
      [
        '^src/live-check',
        '^src/clients/(lambda|ssh)',
        '^src/(domain|contract|sdk|observability|temporal-server)/',
        '^src/(config|worker|worker-runtime)[.]ts$',
        '^src/activities/(pacer|dependencies)[.]ts$',
        '^src/cli/(exit-codes|explain|interrupted|usage-error)[.]ts$',
        NODE,
        ...npm('@temporalio/client', '@temporalio/common', '@temporalio/envconfig', 'commander', 'zod'),
      ],
      'It runs the product as it is, and watches from outside; a local Navarch is a process of its own.',
    ),
    {
      name: 'live-check-stays-outside',
      comment: 'What spends money on purpose is started by nothing but its own script.',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/live-check' },
      to: { path: '^src/live-check' },
    },
    {
      name: 'simulator-stays-outside',
      comment: 'Only the demo (and the wiring of the command line) starts the simulator.',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/(simulator|demo|bin)' },
      to: { path: '^src/simulator' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.test.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
