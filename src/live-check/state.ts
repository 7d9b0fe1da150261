import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../cli/usage-error.ts';

/** What a live-check leaves on the disk before it launches, so that a later one can end what a killed one has left. No secrets. */
const run = z.object({
  /** Of the node, and part of the instance's name. */
  name: z.string(),
  /** Its task queues, and what else in Temporal carries the account's name. */
  account: z.string(),
  temporal: z.enum(['embedded', 'configured']),
  instanceType: z.string(),
  priceCentsPerHour: z.number(),
  saidCents: z.number(),
  startedAt: z.string(),
  /** Since the launch was answered. */
  instanceId: z.string().optional(),
  proxy: z.object({ port: z.number(), nonce: z.string() }),
});

export type Run = z.output<typeof run>;

/** The folder in which a live-check keeps what it needs until all is proven gone. */
export class RunState {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The embedded Temporal server's: it knows who owns what. */
  get database(): string {
    return join(this.folder, 'temporal.db');
  }

  get serverLog(): string {
    return join(this.folder, 'temporal.log');
  }

  get file(): string {
    return join(this.folder, 'run.json');
  }

  /** Undefined: nothing was left. @throws Error naming the file, if it cannot be read */
  async read(): Promise<Run | undefined> {
    let text: string;
    try {
      text = await readFile(this.file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return run.parse(JSON.parse(text));
    } catch (error) {
      throw new Error(`${this.file} cannot be understood; a machine may be alive: look at Lambda's console`, {
        cause: error,
      });
    }
  }

  /** Before a launch. @throws UsageError if there is one already: of two that start together, one launches. */
  async begin(value: Run): Promise<void> {
    const aside = await this.#writeAside(value);
    try {
      // Unlike a rename, a link does not replace what is there; unlike a write, it is whole at once.
      await link(aside, this.file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new UsageError(
        `another live-check runs, or has left something (${this.file}): wait for its end, or end what is left with --resume; nothing was launched`,
      );
    } finally {
      await rm(aside, { force: true });
    }
  }

  /** In place of what is there. */
  async write(value: Run): Promise<void> {
    await rename(await this.#writeAside(value), this.file);
  }

  /** Its launch was answered with this id. */
  async noteInstance(instanceId: string): Promise<void> {
    const value = await this.read();
    if (value !== undefined) await this.write({ ...value, instanceId });
  }

  async #writeAside(value: Run): Promise<string> {
    await mkdir(this.folder, { recursive: true });
    const aside = `${this.file}.${randomUUID()}`;
    await writeFile(aside, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
    return aside;
  }

  /** All is proven gone. */
  async clear(): Promise<void> {
    await rm(this.file, { force: true });
    for (const end of ['', '-shm', '-wal', '-journal']) await rm(`${this.database}${end}`, { force: true });
  }
}
