/** How much is run: `quick` shows that the measuring works, `normal` gives the figures, `full` takes its time. */
export type Size = 'quick' | 'normal' | 'full';

/** What a measured number has to be. */
export type Bound = { readonly atMost: number } | { readonly atLeast: number } | { readonly exactly: number };

/** One line of the table: one number. */
export interface Row {
  readonly label: string;
  /** A ratio or a count, taken within one run. */
  readonly measured: number;
  /** `%` and `MiB`, for people. Absent: a plain number. */
  readonly unit?: string;
  /** Absent: shown beside the others, to judge them by. */
  readonly bound?: Bound;
}

/** What a figure is given to work with. */
export interface BenchContext {
  readonly size: Size;
  /** Paths of bundled workflows: the product's, and the bare one that it is compared with. */
  readonly bundles: { readonly product: string; readonly bare: string };
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  /** What goes on, for whoever watches. */
  readonly tell: (line: string) => void;
  /** Is done when the figure has been measured, however that ended; the latest first. */
  readonly atEnd: (close: () => Promise<unknown>) => void;
}

/** One figure of the table in docs/performance.md. */
export interface Figure {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** As it was agreed, for people; the rows carry it as numbers. */
  readonly target: string;
  /** Runs only with `--all`, or when it is asked for by name. */
  readonly isSlow: boolean;
  run(context: BenchContext): Promise<readonly Row[]>;
}

/** Undefined: there is nothing to meet. */
export function isMet({ measured, bound }: Row): boolean | undefined {
  if (bound === undefined) return undefined;
  if ('atMost' in bound) return measured <= bound.atMost;
  if ('atLeast' in bound) return measured >= bound.atLeast;
  return measured === bound.exactly;
}

/** The same figure in different sizes. */
export function sized<T>({ size }: BenchContext, values: Readonly<Record<Size, T>>): T {
  return values[size];
}
