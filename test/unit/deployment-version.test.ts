import { describe, expect, test } from 'vitest';
import { nameOf, whyWorkWaits, type Routing } from '../../src/deployment-version.ts';
import { setCurrentVersionCommand } from '../../src/setup/admin-commands.ts';
import { currentVersionTodo } from '../../src/setup/examine.ts';

const OLD = { deploymentName: 'provisioner', buildId: '1.4.0' };
const NEW = { deploymentName: 'provisioner', buildId: '1.5.0' };
const PLACE = { address: 'temporal.example:7233', namespace: 'gpu nodes' };

function routing(changes: Partial<Routing>): Routing {
  return { current: undefined, polling: [], isPolledUnversioned: false, ...changes };
}

describe('work waits', () => {
  test('for a version that nobody has made the current one', () => {
    expect(whyWorkWaits(routing({ polling: [OLD, NEW] }))).toBe(
      'its workers are versions of a deployment (provisioner:1.4.0, provisioner:1.5.0), and none is the current one: all work waits',
    );
  });

  test('for the workers of a current version that have gone', () => {
    expect(whyWorkWaits(routing({ current: NEW, polling: [OLD] }))).toBe(
      'no worker of the current version provisioner:1.5.0 polls, only provisioner:1.4.0: new work waits',
    );
    expect(whyWorkWaits(routing({ current: NEW, isPolledUnversioned: true }))).toContain(
      'only workers that are no versions',
    );
  });

  test('for nobody while the current version polls, or workers that are no versions take all', () => {
    expect(whyWorkWaits(routing({ current: NEW, polling: [OLD, NEW] }))).toBeUndefined();
    expect(whyWorkWaits(routing({ isPolledUnversioned: true }))).toBeUndefined();
    expect(whyWorkWaits(routing({ isPolledUnversioned: true, polling: [NEW] })), 'before the switch').toBeUndefined();
  });
});

test('what to do about it is a command for each version that could be meant, as a shell takes it', () => {
  expect(nameOf(NEW)).toBe('provisioner:1.5.0');
  const command = setCurrentVersionCommand(PLACE, NEW);
  expect(command).toBe(
    "temporal worker deployment set-current-version --address temporal.example:7233 --namespace 'gpu nodes' --deployment-name provisioner --build-id 1.5.0",
  );
  expect(currentVersionTodo(routing({ polling: [NEW] }), PLACE)).toBe(`run: ${command}`);
  expect(currentVersionTodo(routing({ current: NEW }), PLACE)).toBe('start a worker of the current version');
});
