import { describe, expect, inject, test } from 'vitest';
import { editedBundle, type Edit } from '../support/edited-bundle.ts';
import { recordings, titleOf, type Recording } from './harness/recordings.ts';
import { brokenBy } from './harness/replay.ts';

// A replay that cannot fail proves nothing. Each of these is a change as somebody may make it in good faith, which a running workflow does not
// survive: the recorded histories must say so, and name the workflow. The same change behind patched() is harmless.

interface Planted {
  readonly title: string;
  readonly workflow: string;
  /** A path that takes the changed place. */
  readonly path: string;
  readonly edit: Edit;
}

const PLANTED: readonly Planted[] = [
  {
    title: 'a further activity',
    workflow: 'provisionNode',
    path: 'ready-by-agent',
    edit: {
      file: 'src/workflows/provision-node.ts',
      from: '    await checkRequest(request);\n',
      to: '    await checkRequest(request);\n    await checkRequest(request);\n',
    },
  },
  {
    title: 'two steps in another order',
    workflow: 'provisionNode',
    path: 'ready-by-agent',
    edit: {
      file: 'src/workflows/provision-node.ts',
      from: '    await handOver(launched, {\n',
      to: "    board.enter('ready');\n    await handOver(launched, {\n",
    },
  },
  {
    title: 'a step that is left out',
    workflow: 'keepNode',
    path: 'ended-by-wish',
    edit: {
      file: 'src/workflows/keep-node.ts',
      from: '      await leaveNavarch(node, asked);\n',
      to: '',
    },
  },
  {
    title: 'a timer less',
    workflow: 'accountBroker',
    path: 'grants',
    edit: {
      file: 'src/workflows/account-broker.ts',
      from: '    alarm.setBy(Math.min(grantAt, lookAt, endAt, forgetAt, continueAt));\n',
      to: '    if (Math.min(grantAt, lookAt, endAt, forgetAt, continueAt) < 0) alarm.setBy(0);\n',
    },
  },
  {
    title: 'a further activity',
    workflow: 'terminateNode',
    path: 'kept-node',
    edit: {
      file: 'src/workflows/terminate-node.ts',
      from: '  const { name } = request;\n  const { provision,',
      to: "  const { name } = request;\n  await temporal('who owns the node').lookUpOwners({ name });\n  const { provision,",
    },
  },
];

describe.each(PLANTED)('$title in $workflow', ({ workflow, path, edit }) => {
  test('does not replay', async () => {
    const taken = recordings((recording) => recording.workflow === workflow && recording.path === path);
    expect(taken).not.toHaveLength(0);
    const others = recordings((recording) => recording.workflow === 'listInstances');
    const broken = await withEdits([edit], [...taken, ...others]);
    expect(Object.keys(broken), 'the changed workflow, and no other').toEqual(taken.map(titleOf));
    for (const why of Object.values(broken)) expect(why).toMatch(/DeterminismViolationError.*Nondeterminism error/s);
  });
});

test('the same histories replay with the workflows as they are', async () => {
  const taken = recordings((recording) =>
    PLANTED.some(({ workflow, path }) => recording.workflow === workflow && recording.path === path),
  );
  expect(await brokenBy(inject('workflowBundlePath'), taken)).toEqual({});
});

test('a further activity behind patched() is harmless', async () => {
  const file = 'src/workflows/provision-node.ts';
  const edits = [
    {
      file,
      from: '    await checkRequest(request);\n',
      to: "    await checkRequest(request);\n    if (patched('look-twice')) await checkRequest(request);\n",
    },
    { file, from: '  isCancellation,\n', to: '  isCancellation,\n  patched,\n' },
  ];
  expect(
    await withEdits(
      edits,
      recordings(({ workflow }) => workflow === 'provisionNode'),
    ),
  ).toEqual({});
});

async function withEdits(
  edits: readonly Edit[],
  histories: readonly Recording[],
): Promise<Readonly<Record<string, string>>> {
  const bundle = await editedBundle(edits);
  try {
    return await brokenBy(bundle.path, histories);
  } finally {
    await bundle.remove();
  }
}
