/** One GPU as the node reports it. */
export interface GpuView {
  readonly index: number;
  /** `GPU-` and a dashed UUID. */
  readonly uuid: string;
  /** As NVML names it: `NVIDIA H100 80GB HBM3`. */
  readonly model: string;
  readonly memoryMib: number;
}
