import { expect, onTestFinished, test } from 'vitest';
import { RunningProcess } from './running-process.ts';
import type { StartOptions } from './running-process.ts';

type Told = { readonly type: 'heard'; readonly numbers: Float32Array } | { readonly type: 'ready' };
interface Asked {
  readonly type: 'say';
  readonly numbers: Float32Array;
}

function start(script: string, options: Partial<StartOptions> = {}) {
  const args = ['-e', script];
  const started = new RunningProcess<Asked, Told>({ name: 'a child', command: process.execPath, args, ...options });
  onTestFinished(() => started.kill());
  return started;
}

test('lines as they come, and all of the output at the end', async () => {
  const lines: string[] = [];
  const { output } = start("console.log('one'); console.log('two'); process.stdout.write('rest')", {
    onLine: (line) => lines.push(line),
  });
  expect(await output).toBe('one\ntwo\nrest');
  expect(lines).toEqual(['one', 'two']);
});

test('a failure is one sentence with the end of the complaint', async () => {
  const { output, gone } = start("console.error('because'); process.exitCode = 3");
  await expect(output).rejects.toThrow('a child ended with exit code 3:\nbecause');
  await gone;
});

test('a signal is named', async () => {
  const { output } = start("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)");
  await expect(output).rejects.toThrow('a child was ended by SIGKILL');
});

test('a program that is not there', async () => {
  const { output } = start('', { command: '/nonexistent/program' });
  await expect(output).rejects.toThrow('a child cannot be started: spawn /nonexistent/program ENOENT');
});

test('one that takes too long is ended', async () => {
  const { output } = start('setInterval(() => {}, 1000)', { limitMs: 1 });
  await expect(output).rejects.toThrow('a child was ended by SIGTERM');
});

test('messages keep their types; each is heard once, in any order of types', async () => {
  const child = start(
    "process.on('message', (m) => { process.send({ type: 'heard', numbers: m.numbers }); process.send({ type: 'ready' }); })",
    { hasPipe: true },
  );
  child.send({ type: 'say', numbers: Float32Array.of(1, 2.5) });
  await child.next('ready');
  const { numbers } = await child.next('heard');
  expect(numbers).toEqual(Float32Array.of(1, 2.5));
  const again = await child.ask({ type: 'say', numbers: Float32Array.of(3) }, 'heard');
  expect(again.numbers).toEqual(Float32Array.of(3));
  await child.stop();
  await expect(child.next('heard')).rejects.toThrow('a child was ended by SIGTERM');
});

test('whoever waits hears why a child cannot go on', async () => {
  const child = start("process.send({ type: 'failed', sentence: 'no room' })", { hasPipe: true });
  await expect(child.next('ready')).rejects.toThrow('no room');
  await child.gone;
  await expect(child.next('heard')).rejects.toThrow('no room');
});
