import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  agentSteps,
  commandSteps,
  quote,
  renderCommand,
  renderScript,
  STEP_MARK,
  templateVariables,
  unknownVariables,
  type BootstrapStep,
  type BootstrapVariables,
} from '../../../src/domain/bootstrap-plan.ts';

const VARIABLES: BootstrapVariables = {
  controlPlane: 'https://navarch.example:50051',
  pool: 'training',
  nodeId: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  provider: 'lambda',
  region: 'us-east-1',
  instanceType: 'gpu_1x_a10',
};

const HOSTILE = [
  '',
  ' ',
  "it's",
  "'",
  "''",
  '"',
  '$(touch owned)',
  '`touch owned`',
  '${HOME}',
  '$HOME',
  '; touch owned',
  '&& touch owned',
  '| touch owned',
  '> owned',
  '*',
  '~',
  '!',
  '\\',
  "\\'",
  '# not a comment',
  'a b',
  'a\tb',
  'two\nlines',
  'two\nRUNNER\ntouch owned',
  'trailing\n',
  '{{.Pool}}',
  '$&',
  "$'\\n'",
  'grün',
  '-n',
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootstrap-plan-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What a real bash makes of the text. */
function bash(text: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  return spawnSync('bash', ['-s'], { cwd: folder, input: text, encoding: 'utf8' });
}

/** Runs the whole script as the runner on the machine does: from a file. */
function runScript(steps: readonly BootstrapStep[]): { readonly status: number | null; readonly stdout: string } {
  const path = join(folder, 'script');
  writeFileSync(path, renderScript(steps));
  const { status, stdout } = spawnSync('bash', [path], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stdout };
}

describe('template variables', () => {
  test('are those of Navarch', () => {
    expect(templateVariables()).toEqual([
      '{{.ControlPlane}}',
      '{{.Pool}}',
      '{{.NodeID}}',
      '{{.Provider}}',
      '{{.Region}}',
      '{{.InstanceType}}',
    ]);
  });

  test('are each put in, with or without blanks, as often as they occur', () => {
    const command =
      'a {{.ControlPlane}} {{ .Pool }} {{.NodeID}}{{.NodeID}} {{.Provider}}/{{.Region}}/{{\n.InstanceType\t}}';
    expect(unknownVariables(command)).toEqual([]);
    expect(renderCommand(command, VARIABLES)).toBe(
      `a https://navarch.example:50051 training ${VARIABLES.nodeId}${VARIABLES.nodeId} lambda/us-east-1/gpu_1x_a10`,
    );
  });

  test.each([
    ['{{.NodeId}}', ['{{.NodeId}}']],
    ['{{NodeID}}', ['{{NodeID}}']],
    ['{{}}', ['{{}}']],
    ['{{.}}', ['{{.}}']],
    ['{{.Node.ID}}', ['{{.Node.ID}}']],
    ['{{.Pool | printf "%s"}} {{- .Pool -}}', ['{{.Pool | printf "%s"}}', '{{- .Pool -}}']],
    ['{{.constructor}} {{.__proto__}} {{.toString}}', ['{{.constructor}}', '{{.__proto__}}', '{{.toString}}']],
    ['docker ps --format\n"{{\n.ID}}"', ['{{\n.ID}}']],
  ])('%j has some that Navarch does not know: they are named as written, and left alone', (command, unknown) => {
    expect(unknownVariables(command)).toEqual(unknown);
    expect(renderCommand(command, VARIABLES)).toBe(command);
  });

  test.each(['echo ${a}', 'echo {a,b}', 'f() { { echo; }; }', 'echo { {.NodeID} }', '{{'])(
    '%j has none: it is plain shell',
    (command) => {
      expect(unknownVariables(command)).toEqual([]);
      expect(renderCommand(command, VARIABLES)).toBe(command);
    },
  );

  test('whose values look like variables are not put in a second time', () => {
    expect(renderCommand('echo {{.Pool}}', { ...VARIABLES, pool: '{{.NodeID}}' })).toBe("echo '{{.NodeID}}'");
  });
});

describe('quoting', () => {
  test.each(HOSTILE)('a real shell reads %j back as one word', (value) => {
    expect(bash(`printf '<%s>' ${quote(value)}`)).toMatchObject({ status: 0, stdout: `<${value}>`, stderr: '' });
  });

  test.each(HOSTILE)('a variable of the value %j is one word of its command, and nothing of it is run', (value) => {
    const steps = commandSteps([`printf '<%s>' {{.Pool}} {{.Region}}`], { ...VARIABLES, pool: value, region: value });
    const { status, stdout } = runScript(steps);
    expect(status).toBe(0);
    expect(stdout).toContain(`\n<${value}><${value}>`);
    expect(spawnSync('ls', [folder], { encoding: 'utf8' }).stdout.split('\n')).not.toContain('owned');
  });

  test('leaves plain values readable', () => {
    for (const plain of ['training', 'https://h:50051/path', 'a_b-c.d,e+f@g=h%20']) expect(quote(plain)).toBe(plain);
  });
});

describe("a caller's own commands", () => {
  const marks = (stdout: string): string[] =>
    stdout.split('\n').flatMap((line) => (line.startsWith(STEP_MARK) ? [line.slice(STEP_MARK.length)] : []));

  test('run in order, each announced, the end too', () => {
    const { status, stdout } = runScript(commandSteps(['echo one', 'echo two'], VARIABLES));
    expect(status).toBe(0);
    expect(stdout).toBe('==> command 1 of 2\none\n==> command 2 of 2\ntwo\n==> done\n');
  });

  test.each([
    ['that fails', 'exit 7', 7],
    ['whose first line fails', 'false\necho hidden', 1],
    ['whose pipe fails inside', 'false | cat', 1],
    ['that uses what is not set', 'echo "$UNSET_HERE"', 1],
  ])('end with one %s, with its exit code', (_, command, code) => {
    const { status, stdout } = runScript(commandSteps([command, 'echo never'], VARIABLES));
    expect(status).toBe(code);
    expect(stdout).toBe('==> command 1 of 2\n');
  });

  test.each([
    ['leaves early, content', 'echo enough; exit 0'],
    ['is a here-document that nobody closed', 'cat <<END\ntext'],
    ['ends in a comment', 'echo x # and more'],
    ['ends in a backslash', 'echo x \\'],
    ['ends in &', 'true &'],
    ['moves elsewhere', 'cd /; set +eu; false; true'],
    ['replaces itself', 'exec true'],
    ['reads all of its stdin', 'cat > /dev/null < /dev/null'],
  ])('go on after one that %s: none is skipped and called done', (_, command) => {
    const { status, stdout } = runScript(commandSteps([command, 'echo "second ran"'], VARIABLES));
    expect(marks(stdout)).toEqual(['command 1 of 2', 'command 2 of 2', 'done']);
    expect(stdout).toContain('\nsecond ran\n');
    expect(status).toBe(0);
  });

  test.each(["echo 'never closed", 'echo "never closed', 'if true; then', 'echo )', '}'])(
    'fail at %j, and do not make the next one part of it',
    (command) => {
      const { status, stdout } = runScript(commandSteps([command, `echo 'second ran'`, `echo "third"`], VARIABLES));
      expect(status).not.toBe(0);
      expect(stdout).toBe('==> command 1 of 3\n');
    },
  );

  test('may be as long as the contract allows, full of what quoting makes longer', () => {
    const long = `: '${"'\\''".repeat(7_990)}'`;
    expect(long.length).toBeLessThanOrEqual(32_000);
    expect(runScript(commandSteps([long, `: ${"''".repeat(15_990)}`], VARIABLES)).status).toBe(0);
  });
});

describe('the built-in plan', () => {
  const scriptFor = (variables: Partial<BootstrapVariables> = {}, url = 'https://download.example/navarch') =>
    renderScript(agentSteps(url, { ...VARIABLES, ...variables }));

  test.each(HOSTILE)('is a script that bash reads, whatever its values: %j', (value) => {
    const path = join(folder, 'script');
    const hostile = { pool: value, region: value, instanceType: value, controlPlane: value, nodeId: value };
    writeFileSync(path, scriptFor(hostile, value));
    expect(execFileSync('bash', ['-n', path], { encoding: 'utf8' })).toBe('');
  });

  test.each(HOSTILE)('starts the agent with exactly the values given, whatever they are: %j', (value) => {
    const step = agentSteps('https://x', { ...VARIABLES, region: value, instanceType: value }).find(
      ({ title }) => title === 'install navarch-node',
    );
    const runner = join(folder, 'runner');
    const line = step?.run.split('\n').findIndex((text) => text.startsWith('printf ')) ?? -1;
    const write =
      step?.run
        .split('\n')
        .slice(line, -1)
        .join('\n')
        .replace(/> \S+$/, `> ${runner}`) ?? '';
    expect(bash(write)).toMatchObject({ status: 0, stderr: '' });
    const text = readFileSync(runner, 'utf8');
    expect(text.startsWith('#!/bin/sh\nexec /usr/local/bin/navarch-node --server ')).toBe(true);
    const seen = bash(text.replace('exec /usr/local/bin/navarch-node', `exec printf '<%s>'`)).stdout;
    expect(seen).toBe(
      `<--server><https://navarch.example:50051><--node-id><${VARIABLES.nodeId}><--provider><lambda>` +
        `<--region><${value}><--instance-type><${value}><--pool><training>`,
    );
  });

  test('names no pool when there is none', () => {
    expect(scriptFor({ pool: '' })).not.toContain('--pool');
  });

  test('gives the agent no secret on its command line: what it needs comes from a file that only root reads (P8)', () => {
    expect(scriptFor()).not.toMatch(/auth-token|AUTH_TOKEN/);
    expect(scriptFor()).toContain('EnvironmentFile=-/etc/navarch/agent.env');
  });

  test('lets an agent that Navarch told to end stay ended', () => {
    expect(scriptFor()).toContain('Restart=on-failure');
  });

  test('never writes into the agent that runs: it is replaced by a rename', () => {
    expect(scriptFor()).toContain('mv -f "$download" /usr/local/bin/navarch-node');
    expect(scriptFor()).toMatch(
      /curl -fsSL [^\n]*-o "\$download" https:\/\/download.example\/navarch\/navarch-node-linux-"\$arch"/,
    );
  });

  test.each([
    ['x86_64', 'amd64'],
    ['aarch64', 'arm64'],
    ['arm64', 'arm64'],
  ])('knows that %s is %s', (machine, arch) => {
    const [detect] = agentSteps('https://x', VARIABLES);
    const { stdout, status } = bash(`uname() { echo ${machine}; }\n${detect?.run ?? ''}\necho "$arch"`);
    expect({ stdout, status }).toEqual({ stdout: `${arch}\n`, status: 0 });
  });

  test('says so on a machine for which there is no agent', () => {
    const [detect] = agentSteps('https://x', VARIABLES);
    const { stderr, status } = bash(`uname() { echo riscv64; }\n${detect?.run ?? ''}\necho not reached`);
    expect(status).toBe(64);
    expect(stderr).toBe('no navarch-node for architecture riscv64\n');
  });
});
