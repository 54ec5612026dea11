import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allGone, descendantsOf, fromProc, fromPs, runningProcesses, stillRunning } from './processes.ts';

const hasPs = spawnSync('ps', ['-p', String(process.pid)]).status === 0;
/** A process with a child of its own; both end when the parent's input closes. */
const script = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  child.on('exit', () => process.exit());
  process.stdin.on('end', () => child.stdin.end()).resume();
  child.on('spawn', () => console.log(child.pid));
`;

async function family() {
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const end = async () => {
    const gone = once(parent, 'exit');
    parent.stdin.end();
    await gone;
  };
  return { parent: parent.pid!, child: Number(String(line)), end };
}

describe('running processes', () => {
  const sources = [
    { name: '/proc', list: fromProc, there: existsSync('/proc/self/stat') },
    { name: 'ps', list: fromPs, there: hasPs },
  ];
  for (const { name, list, there } of sources) {
    it.skipIf(!there)(`are read from ${name}`, async () => {
      const { parent, child, end } = await family();
      try {
        expect(list()).toEqual(
          expect.arrayContaining([
            expect.objectContaining({ pid: parent, parent: process.pid }),
            expect.objectContaining({ pid: child, parent }),
          ]),
        );
      } finally {
        await end();
      }
    });
  }

  it('are known by descent, and gone when they are gone', async () => {
    const { parent, child, end } = await family();
    try {
      expect(descendantsOf(process.pid).map(({ pid }) => pid)).toEqual(expect.arrayContaining([parent, child]));
      expect(descendantsOf(parent).map(({ pid }) => pid)).toEqual([child]);
      expect(stillRunning([parent, child])).toEqual([parent, child]);
    } finally {
      await end();
    }
    await allGone([parent, child]);
    expect(stillRunning([parent, child])).toEqual([]);
    await expect(allGone([process.pid], 0)).rejects.toThrow(`still running: ${process.pid} `);
    expect(runningProcesses().map(({ pid }) => pid)).toContain(process.pid);
  });
});
