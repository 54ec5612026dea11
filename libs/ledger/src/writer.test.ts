import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_BACKLOG_BYTES } from '@gradcast/files';
import type { LineTarget } from '@gradcast/files';
import { FullDisk } from '@gradcast/files/testing';
import { describe, expect, it } from 'vitest';
import { LEDGER } from './parts.ts';
import { LedgerWriter } from './writer.ts';
import { HEADER, inOwnFolder, linesOf, prove, run, step } from './ledger-fixture.ts';

inOwnFolder();

describe('a full disk', () => {
  it('costs no line if there is room again before memory is full', async () => {
    const disk = new FullDisk(join(run, LEDGER), 1000);
    const failed: string[] = [];
    const events = { failed: (error: Error) => failed.push(error.message), written: () => undefined };
    const writer = await LedgerWriter.create(run, HEADER, { open: disk.open, events });
    for (let number = 1; number <= 50; number++) writer.step(step(number));
    await expect(writer.sync()).rejects.toMatchObject({ code: 'out-not-writable' });
    expect(failed.at(-1)).toMatch(/ENOSPC/);
    disk.room = Infinity;
    await writer.sync();
    await writer.close();
    expect((await prove()).steps).toBe(50);
    expect(writer.position).toMatchObject({ length: 51, head: (await linesOf()).head });
  });

  it('leaves a gap that is told if memory is full too', async () => {
    const disk = new FullDisk(join(run, LEDGER), 1000);
    const writer = await LedgerWriter.create(run, HEADER, { open: disk.open });
    const long = step(1, { profiles: ['x'.repeat(MAX_BACKLOG_BYTES / 2)] });
    for (let number = 1; number <= 4; number++) writer.step({ ...long, ...step(number), profiles: long.profiles });
    await expect(writer.sync()).rejects.toMatchObject({ code: 'out-not-writable' });
    disk.room = Infinity;
    await writer.sync();
    writer.step(step(5));
    await writer.close();
    expect((await linesOf()).lines.map(({ line }) => line.kind)).toEqual(['header', 'step', 'step', 'gap', 'step']);
    expect(writer.position.length).toBe(5);
    await expect(prove()).rejects.toThrow(/line 4 \(kind\): the lines of steps 3 to 4 were lost/);
  });
});

describe('a failed sync', () => {
  it('is not made good by one that succeeds: what it lost is written again', async () => {
    const disk = new ForgetfulDisk();
    const writer = await LedgerWriter.create(run, HEADER, { open: () => Promise.resolve(disk) });
    writer.step(step(1));
    disk.failsNext = true;
    await expect(writer.sync()).rejects.toMatchObject({ code: 'out-not-writable' });
    await writer.sync();
    writer.step(step(2));
    await writer.sync();
    await writeFile(join(run, LEDGER), disk.safe);
    expect((await prove()).steps).toBe(2);
    await writer.close();
  });
});

/** Keeps what a sync made safe; a sync that fails forgets what was written since, and later ones do not bring it back. */
class ForgetfulDisk implements LineTarget {
  safe = Buffer.alloc(0);
  failsNext = false;
  #dirty: { bytes: Buffer; position: number }[] = [];

  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }> {
    this.#dirty.push({ bytes: Buffer.from(bytes.subarray(offset, offset + length)), position });
    return Promise.resolve({ bytesWritten: length });
  }

  datasync(): Promise<void> {
    const dirty = this.#dirty;
    this.#dirty = [];
    if (this.failsNext) {
      this.failsNext = false;
      return Promise.reject(Object.assign(new Error('broken'), { code: 'EIO' }));
    }
    for (const { bytes, position } of dirty) {
      const grown = Buffer.alloc(Math.max(this.safe.length, position + bytes.length));
      this.safe.copy(grown);
      bytes.copy(grown, position);
      this.safe = grown;
    }
    return Promise.resolve();
  }

  truncate(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
