import { Client, Connection } from '@temporalio/client';
import { expect, test } from 'vitest';
import { InvalidRequestError, NodeProvisioner, type SweepOptions } from '../../../src/sdk/index.ts';

// Nothing listens there, and lazily nothing is asked: what is refused here is refused before anything is sent.
const provisioner = NodeProvisioner.over(new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) }));

test.each([
  ['endInstance', (id: string) => provisioner.endInstance(id)],
  ['startEnding', (id: string) => provisioner.startEnding(id)],
  ['adoptInstance', (id: string) => provisioner.adoptInstance(id)],
  ['releaseInstance', (id: string) => provisioner.releaseInstance(id)],
])('%s refuses what is no instance id before anything is sent', async (_verb, ask) => {
  await expect(ask('trainer-1')).rejects.toThrow(InvalidRequestError);
  await expect(ask('A'.repeat(32))).rejects.toMatchObject({
    fields: [{ field: 'instanceId', problem: 'must be 32 digits 0-9 and a-f' }],
  });
});

test.each([
  [{ allow: 0 }, { field: 'allow', problem: 'must be at least 1' }],
  [{ allow: 1.5 }, { field: 'allow', problem: 'must be a whole number' }],
  [{ dryRun: 'yes' }, { field: 'dryRun', problem: 'must be a boolean, not a string' }],
  [{ force: true }, { field: 'force', problem: 'unknown field' }],
  // Sweeps note it for each other; a caller's would be taken for theirs.
  [{ ledger: { instances: {} } }, { field: 'ledger', problem: 'unknown field' }],
])('a sweep with %j is refused before anything is sent', async (options, problem) => {
  await expect(provisioner.sweep(options as SweepOptions)).rejects.toMatchObject({ fields: [problem] });
});
