/** Work beside the steps: one piece at a time, and what is due meanwhile is left out, save what somebody waits for. */
export class OneAtATime {
  #running: Promise<void> | undefined;

  /** Begins, unless something is under way. @param work does not fail. */
  begin(work: () => Promise<void>): void {
    if (!this.#running) void this.#start(work);
  }

  /** Does a piece after what is under way. @param work does not fail. */
  async afterwards(work: () => Promise<void>): Promise<void> {
    while (this.#running) await this.#running;
    await this.#start(work);
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
    await Promise.race([this.afterwards(work), patience]);
    clearTimeout(timer);
  }

  #start(work: () => Promise<void>): Promise<void> {
    const running = work().finally(() => (this.#running = undefined));
    this.#running = running;
    return running;
  }
}
