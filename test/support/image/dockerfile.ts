import { readFile } from 'node:fs/promises';
import { DockerfileParser } from 'dockerfile-ast';
import type { Copy, Env, From, Instruction, JSONInstruction } from 'dockerfile-ast';

// The Dockerfile as steps. What it does not use is not known here, and is an error.

export type Step =
  | { readonly do: 'run'; readonly command: string }
  | { readonly do: 'copy'; readonly from: string | undefined; readonly paths: readonly string[]; readonly to: string }
  | { readonly do: 'workdir'; readonly path: string }
  | { readonly do: 'env'; readonly name: string; readonly value: string };

export interface Stage {
  readonly name: string;
  /** The image it begins with. */
  readonly base: string;
  readonly steps: readonly Step[];
  readonly user: string | undefined;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  readonly stopSignal: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
}

/** What an instruction of a keyword has: the parser gives each its own class. */
type Has<T, K extends keyof T> = Pick<T, K>;

export async function readDockerfile(path: string): Promise<readonly Stage[]> {
  const instructions = DockerfileParser.parse(await readFile(path, 'utf8')).getInstructions();
  const stages: Instruction[][] = [];
  for (const instruction of instructions) {
    if (instruction.getKeyword() === 'FROM') stages.push([]);
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`${path}: ${instruction.getKeyword()} before FROM`);
    stage.push(instruction);
  }
  return stages.map((stage, index) => readStage(stage, index));
}

function readStage(instructions: readonly Instruction[], index: number): Stage {
  const from = instructions[0] as unknown as Has<From, 'getBuildStage' | 'getImage'>;
  const of = (keyword: string): readonly Instruction[] => instructions.filter((i) => i.getKeyword() === keyword);
  const last = (keyword: string): readonly string[] => strings(of(keyword).at(-1));
  return {
    name: from.getBuildStage() ?? String(index),
    base: from.getImage() ?? '',
    steps: instructions.flatMap(stepsOf),
    user: last('USER')[0],
    entrypoint: last('ENTRYPOINT'),
    command: last('CMD'),
    healthCheck: healthCheckOf(of('HEALTHCHECK').at(-1)),
    stopSignal: last('STOPSIGNAL')[0],
    labels: Object.fromEntries(of('LABEL').flatMap(properties)),
    ports: of('EXPOSE').flatMap(strings),
  };
}

const NO_STEPS = 'FROM ARG LABEL USER ENTRYPOINT CMD HEALTHCHECK STOPSIGNAL EXPOSE'.split(' ');

function stepsOf(instruction: Instruction): readonly Step[] {
  const keyword = instruction.getKeyword();
  if (NO_STEPS.includes(keyword)) return [];
  if (keyword === 'ENV') return properties(instruction).map(([name, value]) => ({ do: 'env', name, value }));
  if (keyword === 'WORKDIR') return [{ do: 'workdir', path: strings(instruction)[0] ?? '' }];
  if (keyword === 'RUN') return [{ do: 'run', command: instruction.getRawArgumentsContent() ?? '' }];
  if (keyword !== 'COPY') throw new Error(`${keyword}: the test knows no such step`);
  const [from, ...flags] = (instruction as unknown as Has<Copy, 'getFlags'>).getFlags();
  if (flags.length > 0 || (from !== undefined && from.getName() !== 'from'))
    throw new Error('COPY: the test knows --from only');
  const paths = strings(instruction);
  return [{ do: 'copy', from: from?.getValue() ?? undefined, paths: paths.slice(0, -1), to: paths.at(-1) ?? '' }];
}

/** Of `["a", "b"]` or of `a b`. */
function strings(instruction: Instruction | undefined): readonly string[] {
  const list =
    (instruction as unknown as Partial<Has<JSONInstruction, 'getJSONStrings'>> | undefined)?.getJSONStrings?.() ?? [];
  if (list.length > 0) return list.map((one) => JSON.parse(one.getValue()) as string);
  return instruction?.getArguments().map((argument) => argument.getValue()) ?? [];
}

function properties(instruction: Instruction): readonly (readonly [string, string])[] {
  return (instruction as unknown as Has<Env, 'getProperties'>)
    .getProperties()
    .map((one) => [one.getName(), one.getValue() ?? '']);
}

/** `HEALTHCHECK … CMD ["a", "b"]`: the parser leaves its list to us. */
function healthCheckOf(instruction: Instruction | undefined): readonly string[] {
  const [, list] = /\bCMD\s+(\[.*\])\s*$/s.exec(instruction?.getRawArgumentsContent() ?? '') ?? [];
  return list === undefined ? [] : (JSON.parse(list) as string[]);
}
