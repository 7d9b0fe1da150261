/** What a worker process is to do. */
export type WorkerOrder =
  | {
      readonly kind: 'product';
      readonly temporalAddress: string;
      readonly bundlePath: string;
      /** All that a worker of the product is told, by variable. */
      readonly environment: Readonly<Record<string, string>>;
      /** Its looks are so many times as frequent, as the simulated clock is as fast. */
      readonly speed: number;
      /** Where it serves what the SDK counts. */
      readonly metricsAddress?: string;
    }
  | {
      readonly kind: 'bare';
      readonly temporalAddress: string;
      readonly bundlePath: string;
      readonly taskQueue: string;
    };

export interface Usage {
  readonly rssBytes: number;
  /** The most that it ever was. */
  readonly mostRssBytes: number;
  /** Of all its threads, since its start. */
  readonly cpuMs: number;
}

export type ToWorker =
  { readonly kind: 'start'; readonly order: WorkerOrder } | { readonly kind: 'usage' } | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'usage'; readonly usage: Usage };
