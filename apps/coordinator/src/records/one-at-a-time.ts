/** Work beside the steps: one piece at a time, and what is due meanwhile is left out, save the last. */
export class OneAtATime {
  #running: Promise<void> | undefined;

  /** Begins, unless something is under way. @param work does not fail. */
  begin(work: () => Promise<void>): void {
    if (this.#running) return;
    this.#running = work().finally(() => (this.#running = undefined));
  }

  /** Does the last piece, after what is under way; gives both up after a time. */
  async last(
    work: () => Promise<void>,
    { patienceMs, onLate }: { readonly patienceMs: number; readonly onLate: () => void },
  ): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        onLate();
        resolve();
      }, patienceMs);
    });
    const both = async () => {
      await this.#running;
      this.begin(work);
      await this.#running;
    };
    await Promise.race([both(), patience]);
    clearTimeout(timer);
  }
}
