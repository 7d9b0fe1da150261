import type { MachineGpu } from '../machine.ts';
import { formatTime } from './format-time.ts';
import type { Process } from '../processes/process.ts';
import type { Program } from '../processes/programs.ts';

export const DRIVER_VERSION = '570.148.08';
export const CUDA_VERSION = '12.8';
/** As NVIDIA's tool says it when the kernel module is not there. */
export const NO_DRIVER =
  "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n";

type Property = (
  gpu: MachineGpu,
  index: number,
  gpus: readonly MachineGpu[],
) => readonly [value: string, unit?: string];

const PROPERTIES: Readonly<Record<string, Property>> = {
  count: (_gpu, _index, gpus) => [String(gpus.length)],
  compute_cap: (gpu) => [/B200/.test(gpu.name) ? '10.0' : /H100|GH200/.test(gpu.name) ? '9.0' : '8.0'],
  driver_version: () => [DRIVER_VERSION],
  'ecc.errors.uncorrected.volatile.total': () => ['0'],
  gpu_bus_id: (_gpu, index) => [busId(index)],
  gpu_name: (gpu) => [gpu.name],
  gpu_uuid: (gpu) => [gpu.uuid],
  index: (_gpu, index) => [String(index)],
  'memory.free': (gpu) => [String(gpu.memoryMiB), 'MiB'],
  'memory.total': (gpu) => [String(gpu.memoryMiB), 'MiB'],
  'memory.used': () => ['0', 'MiB'],
  'mig.mode.current': () => ['Disabled'],
  name: (gpu) => [gpu.name],
  'pci.bus_id': (_gpu, index) => [busId(index)],
  persistence_mode: () => ['Enabled'],
  'power.draw': () => ['68.43', 'W'],
  serial: (gpu) => [gpu.uuid.replace(/\D/g, '').slice(0, 13)],
  'temperature.gpu': () => ['31'],
  'utilization.gpu': () => ['0', '%'],
  uuid: (gpu) => [gpu.uuid],
};

/** Where the n-th GPU sits, as nvidia-smi and the agent name it. */
export function busId(index: number): string {
  return `00000000:${(index * 8 + 7).toString(16).padStart(2, '0').toUpperCase()}:00.0`;
}

/** `nvidia-smi`, `-L`, and `--query-gpu=… --format=csv[,noheader][,nounits] [-i N]`. */
export const nvidiaSmi: Program = async (process, args) => {
  const { gpus, faults } = process.system.spec;
  if (faults.nvidiaSmi === 'broken') {
    await process.print(NO_DRIVER);
    return 9;
  }
  const selected = selectGpus(gpus, args);
  if (selected.length === 0) {
    await process.print('No devices were found\n');
    return 6;
  }
  const query = args.find((arg) => arg.startsWith('--query-gpu='))?.slice('--query-gpu='.length);
  if (query !== undefined) return printQuery(process, selected, gpus, query, args);
  if (args.includes('-L') || args.includes('--list-gpus')) {
    for (const [gpu, index] of selected) await process.print(`GPU ${index}: ${gpu.name} (UUID: ${gpu.uuid})\n`);
    return 0;
  }
  const unknown = args.find((arg, at) => !/^-(-id|i)/.test(arg) && args[at - 1] !== '-i');
  if (unknown !== undefined) {
    await process.print(`Invalid combination of input arguments. '${unknown}' is not simulated.\n`);
    return 2;
  }
  await process.print(table(selected, process.system.clock.now()));
  return 0;
};

type Selected = readonly (readonly [gpu: MachineGpu, index: number])[];

function selectGpus(gpus: readonly MachineGpu[], args: readonly string[]): Selected {
  const all = gpus.map((gpu, index) => [gpu, index] as const);
  const at = args.indexOf('-i');
  const id = at >= 0 ? args[at + 1] : args.find((arg) => arg.startsWith('--id='))?.slice('--id='.length);
  if (id === undefined) return all;
  const wanted = id.split(',');
  return all.filter(([gpu, index]) => wanted.includes(String(index)) || wanted.includes(gpu.uuid));
}

async function printQuery(
  process: Process,
  selected: Selected,
  gpus: readonly MachineGpu[],
  query: string,
  args: readonly string[],
): Promise<number> {
  const format =
    args
      .find((arg) => arg.startsWith('--format='))
      ?.slice('--format='.length)
      .split(',') ?? [];
  const names = query.split(',').map((name) => name.trim());
  const unknown = names.find((name) => PROPERTIES[name] === undefined);
  if (!format.includes('csv') || unknown !== undefined) {
    const text =
      unknown === undefined
        ? '"--format=" option must be set to csv'
        : `Field "${unknown}" is not a valid field to query.`;
    await process.print(`${text}\n`);
    return 2;
  }
  const unitless = format.includes('nounits');
  const [first] = selected;
  if (!format.includes('noheader') && first !== undefined) {
    const titles = names.map((name) => {
      const unit = PROPERTIES[name]?.(first[0], 0, gpus)[1];
      return unit === undefined ? name : `${name} [${unit}]`;
    });
    await process.print(`${titles.join(', ')}\n`);
  }
  for (const [gpu, index] of selected) {
    const cells = names.map((name) => {
      const [value, unit] = PROPERTIES[name]?.(gpu, index, gpus) ?? [''];
      return unit === undefined || unitless ? value : `${value} ${unit}`;
    });
    await process.print(`${cells.join(', ')}\n`);
  }
  return 0;
}

function table(selected: Selected, nowMs: number): string {
  const rule = `+${'-'.repeat(77)}+`;
  const rows = selected.flatMap(([gpu, index]) => [
    `| ${String(index).padStart(3)}  ${gpu.name.padEnd(28)} On  | ${busId(index)} Off |                    0 |`,
    `| N/A   31C    P0              68W / 700W |       0MiB / ${String(gpu.memoryMiB).padStart(5)}MiB |      0%      Default |`,
    rule,
  ]);
  const head = `| NVIDIA-SMI ${DRIVER_VERSION}   Driver Version: ${DRIVER_VERSION}   CUDA Version: ${CUDA_VERSION}`;
  return [formatTime('%a %b %e %T %Y', nowMs), rule, `${head.padEnd(78)}|`, rule, ...rows, ''].join('\n');
}
