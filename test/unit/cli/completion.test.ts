import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './recorder.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'navarch-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    await writeFile(join(folder, shell), (await run(['completion', shell])).stdout);
  }
  await writeFile(join(folder, 'request.json'), '{}');
});

afterAll(() => rm(folder, { recursive: true }));

/** What the shell itself makes of the script; the last word is the one that is being typed. */
async function bash(...words: readonly string[]): Promise<readonly string[]> {
  const program = `source ./bash; shift 0; COMP_WORDS=(navarch-provisioner "$@"); COMP_CWORD=$#; _navarch_provisioner; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', program, 'bash', ...words], { cwd: folder });
  return stdout.split('\n').filter((line) => line !== '');
}

test.each([
  [['pro'], ['provision']],
  [['--name'], ['--namespace']],
  [['--namespace', 'list', 'l'], ['list']],
  [['--account', '=', 'x', 'sw'], ['sweep']],
  [['provision', '--gpu'], ['--gpu-check']],
  [
    ['provision', '--gpu-check', ''],
    ['on', 'off'],
  ],
  [['provision', '--gpu-check', '=', 'of'], ['off']],
  [
    ['provision', '--gpu-check', '='],
    ['on', 'off'],
  ],
  [['provision', 'trainer-1', '--allow'], ['--allow-fake-gpus']],
  [['provision', '--request', 're'], ['request.json']],
  [['provision', '--type', ''], []],
  [
    ['list', '--phase', 're'],
    ['registering', 'ready'],
  ],
  [['list', '--j'], ['--json']],
  [['sweep', '--d'], ['--dry-run']],
  [['completion', ''], expect.arrayContaining(['bash', 'zsh', 'fish'])],
  [['completion', 'bash', 'b'], []],
  [['$(touch evil)', ''], []],
] as const)('bash offers after %j: %j', async (words, offered) => {
  expect(await bash(...words)).toEqual(offered);
});

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

test.skipIf(!has('fish'))('fish offers the same', async () => {
  const offers = async (line: string): Promise<readonly string[]> => {
    const { stdout } = await promisify(execFile)('fish', ['-N', '-c', `source ./fish; complete -C '${line}'`], {
      cwd: folder,
    });
    return stdout.split('\n').flatMap((each) => (each === '' ? [] : [each.split('\t')[0] ?? '']));
  };
  expect(await offers('navarch-provisioner pro')).toEqual(['provision']);
  expect(await offers('navarch-provisioner --namespace prod sw')).toEqual(['sweep']);
  expect(await offers('navarch-provisioner provision --gpu-check ')).toEqual(['off', 'on']);
  expect(await offers('navarch-provisioner provision --request re')).toEqual(['request.json']);
  expect(await offers('navarch-provisioner completion z')).toEqual(['zsh']);
});

test.skipIf(!has('zsh'))('zsh can read what it is given', async () => {
  await promisify(execFile)('zsh', ['-n', join(folder, 'zsh')]);
});

test('another shell is refused by name', async () => {
  const { code, stderr } = await run(['completion', 'tcsh']);
  expect(code).toBe(2);
  expect(stderr).toContain('Allowed choices are bash, zsh, fish.');
});
