import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SECRETS, VARIABLES } from '../../../src/config.ts';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

test("the README's table of variables is what the worker reads", () => {
  const rows = Object.entries(VARIABLES).map(([name, schema]) => {
    const secret = (SECRETS as readonly string[]).includes(name) ? ' *secret*' : '';
    const said = (schema.description ?? '').replace(/ Secret\.?/, '');
    return `| \`${name}\`${secret} | ${said} |`;
  });
  expect(readme).toContain(['| variable | meaning |', '|---|---|', ...rows].join('\n'));
});
