/** Whether an executable is what we need: `reason` is for people, without the path. */
export type Check = { readonly kind: 'good' } | { readonly kind: 'unfit'; readonly reason: string };

/** Looks at an executable, usually by running it. */
export type Checker = (path: string) => Promise<Check>;

/** One line for people about what is going on. */
export type OnProgress = (line: string) => void;

/** A place that was looked at or a way that was tried, and why it gave nothing. */
export interface Tried {
  readonly what: string;
  readonly reason: string;
}
