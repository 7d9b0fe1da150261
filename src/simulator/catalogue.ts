import { GPU_MODELS, type GpuModel } from './gpu-models.ts';

/** One instance type as the simulated cloud sells it. */
export interface InstanceTypeSpec {
  readonly name: string;
  /** "8x H100 (80 GB SXM5)" */
  readonly description: string;
  /** "H100 (80 GB SXM5)"; "N/A" without a GPU. */
  readonly gpuDescription: string;
  /** US cents an hour for the whole instance. */
  readonly priceCentsPerHour: number;
  readonly vcpus: number;
  readonly memoryGib: number;
  readonly storageGib: number;
  readonly gpus: number;
  /** What nvidia-smi says on the machine; absent on types without GPUs. */
  readonly gpuModel?: GpuModel;
  readonly architecture: 'x86_64' | 'arm64';
  /** Where it is sold. Which type is sold where is our choice; no source lists it. */
  readonly regions: readonly string[];
}

export interface RegionSpec {
  readonly name: string;
  readonly description: string;
}

const EVERY_US_REGION = ['us-east-1', 'us-west-1', 'us-south-1', 'us-midwest-1'];
const H100_REGIONS = ['us-east-1', 'us-south-2', 'us-south-3', 'us-west-3'];

const X86 = 'x86_64';

type Row = readonly [
  name: string,
  gpu: string,
  model: GpuModel | undefined,
  gpus: number,
  vcpus: number,
  memoryGib: number,
  storageGib: number,
  priceCentsPerHour: number,
  regions: readonly string[],
];

/** Sizes and prices as seen in Lambda's console in July and on its price page in September 2026. */
const ROWS: readonly Row[] = [
  ['gpu_1x_b200_sxm6', 'B200 (180 GB SXM6)', GPU_MODELS.b200, 1, 26, 360, 2867, 699, ['us-east-3', 'us-midwest-2']],
  ['gpu_2x_b200_sxm6', 'B200 (180 GB SXM6)', GPU_MODELS.b200, 2, 52, 720, 5632, 1378, ['us-east-3', 'us-midwest-2']],
  [
    'gpu_4x_b200_sxm6',
    'B200 (180 GB SXM6)',
    GPU_MODELS.b200,
    4,
    104,
    1440,
    11_264,
    2716,
    ['us-east-3', 'us-midwest-2'],
  ],
  [
    'gpu_8x_b200_sxm6',
    'B200 (180 GB SXM6)',
    GPU_MODELS.b200,
    8,
    208,
    2900,
    22_528,
    5352,
    ['us-east-3', 'us-midwest-2'],
  ],
  ['gpu_1x_h100_sxm5', 'H100 (80 GB SXM5)', GPU_MODELS.h100Sxm5, 1, 26, 225, 2867, 429, H100_REGIONS],
  ['gpu_2x_h100_sxm5', 'H100 (80 GB SXM5)', GPU_MODELS.h100Sxm5, 2, 52, 450, 5632, 838, H100_REGIONS],
  ['gpu_4x_h100_sxm5', 'H100 (80 GB SXM5)', GPU_MODELS.h100Sxm5, 4, 104, 900, 11_264, 1636, H100_REGIONS],
  ['gpu_8x_h100_sxm5', 'H100 (80 GB SXM5)', GPU_MODELS.h100Sxm5, 8, 208, 1800, 22_528, 3192, H100_REGIONS],
  ['gpu_1x_h100_pcie', 'H100 (80 GB PCIe)', GPU_MODELS.h100Pcie, 1, 26, 200, 1024, 329, ['us-west-3', 'us-east-1']],
  ['gpu_1x_gh200', 'GH200 (96 GB)', GPU_MODELS.gh200, 1, 64, 432, 4096, 229, ['us-east-3']],
  ['gpu_8x_a100_80gb_sxm4', 'A100 (80 GB SXM4)', GPU_MODELS.a100Sxm4x80, 8, 240, 1800, 20_480, 2232, EVERY_US_REGION],
  ['gpu_8x_a100', 'A100 (40 GB SXM4)', GPU_MODELS.a100Sxm4x40, 8, 124, 1800, 6144, 1592, EVERY_US_REGION],
  ['gpu_1x_a100_sxm4', 'A100 (40 GB SXM4)', GPU_MODELS.a100Sxm4x40, 1, 30, 200, 512, 199, EVERY_US_REGION],
  ['gpu_1x_a100_pcie', 'A100 (40 GB PCIe)', GPU_MODELS.a100Pcie, 1, 30, 200, 512, 199, ['us-west-2']],
  ['gpu_2x_a100_pcie', 'A100 (40 GB PCIe)', GPU_MODELS.a100Pcie, 2, 60, 400, 1024, 398, ['us-west-2']],
  ['gpu_4x_a100_pcie', 'A100 (40 GB PCIe)', GPU_MODELS.a100Pcie, 4, 120, 800, 1024, 796, ['us-west-2']],
  [
    'gpu_1x_a10',
    'A10 (24 GB PCIe)',
    GPU_MODELS.a10,
    1,
    30,
    200,
    1434,
    129,
    ['us-east-1', 'us-west-1', 'europe-central-1'],
  ],
  ['gpu_1x_a6000', 'A6000 (48 GB)', GPU_MODELS.a6000, 1, 14, 100, 205, 109, ['us-south-1']],
  ['gpu_2x_a6000', 'A6000 (48 GB)', GPU_MODELS.a6000, 2, 28, 200, 1024, 218, ['us-south-1']],
  ['gpu_4x_a6000', 'A6000 (48 GB)', GPU_MODELS.a6000, 4, 56, 400, 1024, 436, ['us-south-1']],
  ['gpu_1x_rtx6000', 'RTX 6000 (24 GB)', GPU_MODELS.rtx6000, 1, 14, 46, 512, 69, ['us-south-1', 'us-west-1']],
  ['gpu_8x_v100', 'V100 (16 GB)', GPU_MODELS.v100, 8, 92, 448, 6042, 632, ['us-south-1']],
  ['cpu_4x_general', 'N/A', undefined, 0, 4, 16, 102, 20, ['us-east-1']],
];

export const INSTANCE_TYPES: readonly InstanceTypeSpec[] = ROWS.map(
  ([name, gpu, gpuModel, gpus, vcpus, memoryGib, storageGib, priceCentsPerHour, regions]) => ({
    name,
    description: gpuModel === undefined ? `${vcpus}x General purpose` : `${gpus}x ${gpu}`,
    gpuDescription: gpu,
    priceCentsPerHour,
    vcpus,
    memoryGib,
    storageGib,
    gpus,
    ...(gpuModel === undefined ? {} : { gpuModel }),
    architecture: gpuModel === GPU_MODELS.gh200 ? 'arm64' : X86,
    regions,
  }),
);

export const REGIONS: readonly RegionSpec[] = [
  ['us-east-1', 'Virginia, USA'],
  ['us-east-2', 'Washington DC, USA'],
  ['us-east-3', 'Washington DC, USA'],
  ['us-southeast-1', 'Georgia, USA'],
  ['us-midwest-1', 'Illinois, USA'],
  ['us-midwest-2', 'Ohio, USA'],
  ['us-south-1', 'Texas, USA'],
  ['us-south-2', 'North Texas, USA'],
  ['us-south-3', 'Central Texas, USA'],
  ['us-west-1', 'California, USA'],
  ['us-west-2', 'Arizona, USA'],
  ['us-west-3', 'Utah, USA'],
  ['europe-central-1', 'Germany'],
  ['me-west-1', 'Israel'],
  ['asia-south-1', 'India'],
  ['asia-northeast-1', 'Tokyo, Japan'],
  ['asia-northeast-2', 'Osaka, Japan'],
  ['australia-east-1', 'Australia'],
].map(([name = '', description = '']) => ({ name, description }));

/** The image families sold in each region and for each architecture: two of those seen in 2026. */
export const IMAGE_FAMILIES: readonly {
  readonly family: string;
  readonly version: string;
  readonly description: string;
}[] = [
  { family: 'lambda-stack-24-04', version: '24.4.4-2141', description: 'Lambda Stack on Ubuntu 24.04' },
  { family: 'gpu-base-24-04', version: '24.4.4-2141', description: 'GPU Base on Ubuntu 24.04' },
  { family: 'lambda-stack-22-04', version: '22.4.2-1893', description: 'Lambda Stack on Ubuntu 22.04' },
];
