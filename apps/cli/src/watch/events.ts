/**
 * `gradcast events`: what happened in a run, from `events.jsonl`, and with `follow` what goes on happening.
 *
 * Invariants: an event is printed once, in the order of the numbers, whatever becomes of the file: its last line is unfinished, the
 * run is resumed by another coordinator, a copy takes its place. The file alone is read, so it is the same for everybody who can
 * read the folder, wherever the run is.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LineFollower, RunError } from '@gradcast/files';
import type { WholeLine } from '@gradcast/files';
import { lockHolder } from '@gradcast/run-folder';
import { eventSentence, loggedEvent, utc } from '@gradcast/watching';
import type { LoggedEvent } from '@gradcast/watching';
import { EXIT_DONE } from '../exit-codes.ts';
import { isFinal } from './run-files.ts';
import type { Watching } from './watching.ts';

export interface EventsRequest {
  readonly run: string;
  readonly follow: boolean;
  /** Number of the first event that is printed. */
  readonly since: number;
  /** Null for all. */
  readonly types: readonly string[] | null;
  readonly json: boolean;
}

/** Between two looks at a file that grows. */
const LOOK_MS = 200;
const FILE = 'events.jsonl';

/** @throws RunError `run-missing`; an error of the system. */
export async function runEvents(request: EventsRequest, around: Watching): Promise<number> {
  const { run, follow } = request;
  const { stdout, stderr, clock, signal } = around;
  await assertThere(run);
  const reading = new Reading(request, around);
  const follower = new LineFollower(join(run, FILE));
  let isLastLook = !follow;
  let toldOfKill = false;
  for (;;) {
    const before = reading.seq;
    for await (const lines of follower.added()) {
      reading.take(lines);
      if (signal.aborted || stdout.destroyed === true) return EXIT_DONE;
    }
    if (isLastLook) return EXIT_DONE;
    if (reading.seq !== before) {
      toldOfKill = false;
      continue;
    }
    const holder = await lockHolder(run, clock.now());
    // What was written before the lock was given back is read by one look more.
    isLastLook = holder === 'free' || (holder === 'abandoned' && isFinal(reading.state));
    if (isLastLook) continue;
    if (holder === 'abandoned' && !toldOfKill) {
      stderr.write('gradcast: the coordinator of the run was killed; its events go on when it is resumed\n');
      toldOfKill = true;
    }
    await clock.pause(LOOK_MS, signal);
    if (signal.aborted || stdout.destroyed === true) return EXIT_DONE;
  }
}

async function assertThere(run: string): Promise<void> {
  for (const name of ['config.json', FILE]) {
    if ((await stat(join(run, name)).catch(() => undefined))?.isFile()) return;
  }
  throw new RunError('run-missing', `there is no run in ${run}`);
}

class Reading {
  /** Number of the newest event, printed or not; what has no larger number came before. */
  seq = 0;
  /** The state that the run is in. */
  state: unknown;
  readonly #request: EventsRequest;
  readonly #around: Pick<Watching, 'stdout' | 'stderr'>;
  #toldOfDamage = false;

  constructor(request: EventsRequest, around: Pick<Watching, 'stdout' | 'stderr'>) {
    this.#request = request;
    this.#around = around;
  }

  take(lines: readonly WholeLine[]): void {
    const { since, types } = this.#request;
    let text = '';
    for (const line of lines) {
      const event = loggedEvent(line.text);
      if (!event) {
        this.#tellOfDamage();
        continue;
      }
      if (event.seq <= this.seq) continue;
      this.seq = event.seq;
      if (event.type === 'state') this.state = event['to'];
      if (event.seq >= since && (types?.includes(event.type) ?? true)) text += this.#shown(event);
    }
    if (text !== '') this.#around.stdout.write(text);
  }

  #shown(event: LoggedEvent): string {
    if (this.#request.json) return `${JSON.stringify(event)}\n`;
    return `${utc(event.time * 1000)}  ${String(event.seq).padStart(5)}  ${eventSentence(event)}\n`;
  }

  #tellOfDamage(): void {
    if (this.#toldOfDamage) return;
    this.#toldOfDamage = true;
    const path = join(this.#request.run, FILE);
    this.#around.stderr.write(`gradcast: ${path} has lines that are damaged; they are left out\n`);
  }
}
