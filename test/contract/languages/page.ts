import { readFileSync } from 'node:fs';

const PAGE = readFileSync(new URL('../../../docs/other-languages.md', import.meta.url), 'utf8');

/** The code blocks of docs/other-languages.md in one language, in order. */
export function blocksOf(language: string): readonly string[] {
  return [...PAGE.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, found, code]) =>
    found === language && code !== undefined ? [code] : [],
  );
}

/** Whether a block is a part of a program, line by line; how deep it stands there does not matter. */
export function isPartOf(block: string, program: string): boolean {
  return `\n${flush(program)}\n`.includes(`\n${flush(block)}\n`);
}

function flush(code: string): string {
  return code
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}
