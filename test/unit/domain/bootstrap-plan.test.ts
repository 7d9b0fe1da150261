import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  commandSteps,
  renderCommand,
  templateVariables,
  unknownVariables,
  type BootstrapVariables,
} from '../../../src/domain/bootstrap-plan.ts';
import { quote } from '../../../src/domain/shell-quoting.ts';

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
    const variables = { ...VARIABLES, pool: value, region: value };
    const command = renderCommand(`printf '<%s>' {{.Pool}} {{.Region}}`, variables);
    expect(bash(command)).toMatchObject({ status: 0, stdout: `<${value}><${value}>`, stderr: '' });
    expect(spawnSync('ls', [folder], { encoding: 'utf8' }).stdout.split('\n')).not.toContain('owned');
  });

  test('leaves plain values readable', () => {
    for (const plain of ['training', 'https://h:50051/path', 'a_b-c.d,e+f@g=h%20']) expect(quote(plain)).toBe(plain);
  });
});

describe("a caller's own commands", () => {
  test('become steps that run once, with the time that the request gives a step, called by their number', () => {
    expect(commandSteps(['echo {{.Pool}}', { run: 'true' }], VARIABLES, 900_000)).toEqual([
      { title: 'command 1 of 2', run: 'echo training', repeatable: false, timeoutMs: 900_000 },
      { title: 'command 2 of 2', run: 'true', repeatable: false, timeoutMs: 900_000 },
    ]);
  });

  test('say themselves what they are called, how long they may take, and that they may be repeated', () => {
    const command = { run: 'apt-get update', title: 'packages', repeatable: true, timeout: '90s' };
    expect(commandSteps([command], VARIABLES, 900_000)).toEqual([
      { title: 'packages', run: 'apt-get update', repeatable: true, timeoutMs: 90_000 },
    ]);
  });
});
