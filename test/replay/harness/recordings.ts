import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HISTORIES = fileURLToPath(new URL('../histories/', import.meta.url));

/** One recorded history: a path through a workflow, as a version took it. */
export interface Recording {
  readonly version: string;
  readonly workflow: string;
  readonly path: string;
  /** JSON as Temporal's own tools write it. */
  readonly text: string;
}

/** Of all versions, or those that `only` lets pass. */
export function recordings(only: (recording: Omit<Recording, 'text'>) => boolean = () => true): readonly Recording[] {
  return readdirSync(HISTORIES).flatMap((version) =>
    readdirSync(join(HISTORIES, version)).flatMap((workflow) =>
      readdirSync(join(HISTORIES, version, workflow)).flatMap((file) => {
        const recording = { version, workflow, path: basename(file, '.json') };
        if (!only(recording)) return [];
        return [{ ...recording, text: readFileSync(join(HISTORIES, version, workflow, file), 'utf8') }];
      }),
    ),
  );
}

export function titleOf({ version, workflow, path }: Omit<Recording, 'text'>): string {
  return `${workflow}/${path} of ${version}`;
}

/** The version that this working tree will be released as. */
export function ownVersion(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
