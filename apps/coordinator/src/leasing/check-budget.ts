/**
 * How many leaves of a step volunteers get, so that a step does not wait long for their checks.
 *
 * Checking is work of machines that are trusted. Where these compute as volunteers do, a checked leaf costs what computing it
 * costs, and nothing is lost; where the arbiter alone can check, it may be slower than all others together. So the number
 * follows what steps waited for: halved when that was long, one more when it was not, between one and the volunteers' share.
 */
export interface StepTimes {
  /** Monotonic milliseconds: the step was opened, everything had come, the last check was over. */
  readonly openedAt: number;
  readonly coveredAt: number;
  readonly closedAt: number;
}

/** What a step may wait for checks, as a part of the time until everything has come. */
const PATIENCE = 0.5;
/** And in any case: noise of a machine. */
const SLACK_MS = 25;

export class CheckBudget {
  readonly #most: number;
  #leaves: number;

  /** @param most leaves of a step that are the volunteers' share. */
  constructor(most: number) {
    this.#most = this.#leaves = most;
  }

  /** Most leaves of the next step for volunteers. */
  get leaves(): number {
    return this.#leaves;
  }

  /** A step closed in which something of volunteers was checked. */
  checked({ openedAt, coveredAt, closedAt }: StepTimes): void {
    const isLong = closedAt - coveredAt > SLACK_MS + PATIENCE * (coveredAt - openedAt);
    if (isLong) this.#leaves = Math.min(this.#most, Math.max(1, this.#leaves >> 1));
    else this.unchecked();
  }

  /** A step closed in which nothing was. */
  unchecked(): void {
    this.#leaves = Math.min(this.#most, this.#leaves + 1);
  }
}
