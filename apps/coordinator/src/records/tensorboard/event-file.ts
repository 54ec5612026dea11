/**
 * The event file of one start of a run, in a folder with those of earlier starts. TensorBoard reads files in the order of their
 * names, and by `restart` passes over what an earlier start had of steps that are computed anew.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LineFile, RunError, systemCode } from '@gradcast/files';
import type { LineFileEvents, LineFileOptions } from '@gradcast/files';
import { encodeEvent } from './event-proto.ts';
import type { TensorBoardEvent } from './event-proto.ts';
import { tfRecord } from './tf-record.ts';

/** What TensorBoard knows its files by; then seconds since 1970, ten digits of them. */
const NAME = /^events\.out\.tfevents\.(\d{10})\./;
/** Before it TensorBoard guesses from the order of steps whether a run was restarted. */
const FILE_VERSION = 'brain.Event:2';

export interface EventFileOptions {
  /** Made if need be. */
  readonly folder: string;
  /** The version that the run goes on from. */
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly events?: LineFileEvents;
  readonly open?: LineFileOptions['open'];
}

export class EventFile {
  readonly path: string;
  readonly #file: LineFile;

  private constructor(path: string, file: LineFile) {
    this.path = path;
    this.#file = file;
  }

  /** @throws RunError `out-not-writable`. */
  static async open({ folder, version, wallClock, events, open }: EventFileOptions): Promise<EventFile> {
    const time = wallClock() / 1000;
    const earlier = await earlierIn(folder);
    // Behind all others, whatever became of the clock.
    const seconds = Math.max(Math.floor(time), ...earlier.map((each) => each + 1));
    const path = join(folder, `events.out.tfevents.${String(seconds).padStart(10, '0')}.gradcast`);
    const file = new EventFile(path, await LineFile.open({ path, length: 0, events, open }));
    file.append({ time, step: 0, fileVersion: FILE_VERSION });
    if (earlier.length > 0) file.append({ time, step: version + 1, restart: true });
    return file;
  }

  /** Adds an event and returns at once; one for which there is no room is reported and left out. */
  append(event: TensorBoardEvent): void {
    this.add(tfRecord(encodeEvent(event)));
  }

  /** Adds a record that was encoded elsewhere. */
  add(record: Uint8Array): void {
    this.#file.append(record);
  }

  /** Writes what is left, and closes the file even if that fails. */
  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Seconds in the names of earlier files. */
async function earlierIn(folder: string): Promise<number[]> {
  try {
    await mkdir(folder, { recursive: true });
    return (await readdir(folder)).flatMap((name) => NAME.exec(name)?.at(1) ?? []).map(Number);
  } catch (cause) {
    throw new RunError('out-not-writable', `${folder} cannot be written (${systemCode(cause)})`, { cause });
  }
}
