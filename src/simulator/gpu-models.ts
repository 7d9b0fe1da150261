/** A GPU as the machine's `nvidia-smi` shows it. The names and sizes are those NVIDIA's driver reports. */
export interface GpuModel {
  readonly smiName: string;
  readonly memoryMiB: number;
}

export const GPU_MODELS = {
  b200: { smiName: 'NVIDIA B200', memoryMiB: 183_359 },
  h100Sxm5: { smiName: 'NVIDIA H100 80GB HBM3', memoryMiB: 81_559 },
  h100Pcie: { smiName: 'NVIDIA H100 PCIe', memoryMiB: 81_559 },
  gh200: { smiName: 'NVIDIA GH200 480GB', memoryMiB: 97_871 },
  a100Sxm4x80: { smiName: 'NVIDIA A100-SXM4-80GB', memoryMiB: 81_920 },
  a100Sxm4x40: { smiName: 'NVIDIA A100-SXM4-40GB', memoryMiB: 40_960 },
  a100Pcie: { smiName: 'NVIDIA A100-PCIE-40GB', memoryMiB: 40_960 },
  a10: { smiName: 'NVIDIA A10', memoryMiB: 23_028 },
  a6000: { smiName: 'NVIDIA RTX A6000', memoryMiB: 49_140 },
  rtx6000: { smiName: 'Quadro RTX 6000', memoryMiB: 24_576 },
  v100: { smiName: 'Tesla V100-SXM2-16GB', memoryMiB: 16_384 },
} as const satisfies Record<string, GpuModel>;
