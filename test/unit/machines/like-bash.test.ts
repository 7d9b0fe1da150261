import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SCRIPTS } from './bash-scripts.ts';
import { connectWhenUp, run, testMachine } from './machine-support.ts';

const hasBash = spawnSync('bash', ['-c', '[ "${BASH_VERSINFO[0]}" -ge 5 ]']).status === 0;

describe.skipIf(!hasBash)("a machine's shell does what the host's own bash does", () => {
  test.each(SCRIPTS.map((script) => [script]))('%s', async (script) => {
    const machine = testMachine({ factor: 1 });
    await machine.powerOn();
    const { client } = await connectWhenUp(machine);
    const quoted = `'${script.replaceAll("'", `'\\''`)}'`;
    const there = await run(client, `mkdir /tmp/own && cd /tmp/own && exec bash -c ${quoted}`);

    const directory = mkdtempSync(join(tmpdir(), 'like-bash-'));
    const here = spawnSync('bash', ['-c', script], { cwd: directory, input: '', encoding: 'utf8' });
    rmSync(directory, { recursive: true });
    expect({ exitCode: there.exitCode, stdout: there.stdout }).toEqual({ exitCode: here.status, stdout: here.stdout });
  });
});
