import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventLog } from './event-log.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-events-'));
  path = join(folder, 'events.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(...seqs: number[]): Promise<number> {
  const log = await EventLog.open(path);
  for (const seq of seqs) log.append({ seq, type: 'saved' });
  await log.close();
  return log.lastSeq;
}

describe('EventLog', () => {
  it('goes on behind what an earlier start wrote', async () => {
    expect(await write(1, 2)).toBe(0);
    expect(await write(3)).toBe(2);
    expect(await write()).toBe(3);
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([1, 2, 3]);
  });

  it('cuts off a line that a killed process left unfinished', async () => {
    await write(1, 2);
    await appendFile(path, '{"seq":3,"ty');
    expect(await write(3)).toBe(2);
    expect((await readFile(path, 'utf8')).trim().split('\n')).toHaveLength(3);
  });

  it('reads no number where there is none', async () => {
    await writeFile(path, 'no line at all');
    expect(await write(1)).toBe(0);
    await writeFile(path, '{"seq":"7"}\n');
    expect(await write()).toBe(0);
  });

  it('finds the last line of a file longer than its window', async () => {
    await write(...Array.from({ length: 5000 }, (_, i) => i + 1));
    expect(await write()).toBe(5000);
  });

  it('says which file cannot be written', async () => {
    await expect(EventLog.open(join(folder, 'none', 'events.jsonl'))).rejects.toThrow(/cannot be written|ENOENT/);
  });
});
