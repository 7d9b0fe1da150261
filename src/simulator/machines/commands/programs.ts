import { navarchNode } from '../agent/navarch-node.ts';
import { cloudInitProgram } from '../cloud-init/cloud-init-program.ts';
import type { Program } from '../processes/programs.ts';
import { bash, builtinProgram } from '../shell/bash.ts';
import { journalctl } from '../systemd/journalctl.ts';
import { systemctl } from '../systemd/systemctl.ts';
import { systemdRun } from '../systemd/systemd-run.ts';
import { CHANGE_FILES } from './change-files.ts';
import { CHECKSUMS } from './checksums.ts';
import { curl, wget } from './curl.ts';
import { DESCRIBE_FILES } from './describe-files.ts';
import { IDENTITY } from './identity.ts';
import { MACHINE_CONTROL } from './machine-control.ts';
import { nvidiaSmi } from './nvidia-smi.ts';
import { aptGet, dpkg } from './packages.ts';
import { PROCESSES } from './processes.ts';
import { python } from './python.ts';
import { READ_FILES } from './read-files.ts';
import { RUN_OTHERS } from './run-others.ts';
import { TEXT_TOOLS } from './text-tools.ts';

const BUILTIN_PROGRAMS = ['[', 'echo', 'false', 'printf', 'pwd', 'test', 'true'] as const;

/** The agent is no program of the image: its file comes by download, and says by its first line that it is this. */
const NOT_IN_THE_IMAGE: ReadonlySet<string> = new Set(['navarch-node']);

/** Everything a machine can run, by the name its file carries. */
export const PROGRAMS: ReadonlyMap<string, Program> = new Map(
  Object.entries({
    ...TEXT_TOOLS,
    ...CHANGE_FILES,
    ...CHECKSUMS,
    ...READ_FILES,
    ...DESCRIBE_FILES,
    ...PROCESSES,
    ...RUN_OTHERS,
    ...IDENTITY,
    ...MACHINE_CONTROL,
    ...Object.fromEntries(BUILTIN_PROGRAMS.map((name) => [name, builtinProgram(name)])),
    apt: aptGet,
    'apt-get': aptGet,
    bash,
    'cloud-init': cloudInitProgram,
    curl,
    dash: bash,
    dpkg,
    journalctl,
    'navarch-node': navarchNode,
    'nvidia-smi': nvidiaSmi,
    python3: python,
    sh: bash,
    systemctl,
    'systemd-run': systemdRun,
    wget,
  }),
);

/** Names of the programs in every machine's /usr/bin. */
export const IMAGE_PROGRAMS: readonly string[] = [...PROGRAMS.keys()].filter((name) => !NOT_IN_THE_IMAGE.has(name));
