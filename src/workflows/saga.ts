import { CancellationScope } from '@temporalio/workflow';

/**
 * What must be undone if the story does not end well. P1: an undo is armed before the step it undoes, and needs nothing that the step would
 * have returned. P3: undoing is not cancellable, and an undo has no last attempt: it returns when it is done.
 */
export class Saga {
  readonly #undos: { readonly name: string; readonly run: () => Promise<void> }[] = [];

  /** Returns what disarms it again: the step is known not to have happened, or somebody else answers for it now. */
  arm(name: string, run: () => Promise<void>): () => void {
    const undo = { name, run };
    this.#undos.unshift(undo);
    return () => {
      const index = this.#undos.indexOf(undo);
      if (index >= 0) this.#undos.splice(index, 1);
    };
  }

  get armed(): boolean {
    return this.#undos.length > 0;
  }

  /** Latest first. */
  async unwind(): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      for (const undo of [...this.#undos]) {
        await undo.run();
        this.#undos.splice(this.#undos.indexOf(undo), 1);
      }
    });
  }
}
