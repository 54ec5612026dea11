import { EventEmitter } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Arbiters } from './arbiter.ts';

const request = { backend: 'wasm', threads: 1, name: 'arbiter-1' } as const;

class FakeChild extends EventEmitter {
  readonly sent: unknown[] = [];
  readonly killedWith: string[] = [];
  send(message: unknown): void {
    this.sent.push(message);
  }
  kill(signal: string): void {
    this.killedWith.push(signal);
  }
}

function harness(fork?: () => ChildProcess) {
  const child = new FakeChild();
  const failures: string[] = [];
  const arbiters = new Arbiters({
    url: 'ws://127.0.0.1:1',
    token: 'secret-of-our-own',
    taskFile: null,
    tune: 'again',
    onFailed: (sentence) => failures.push(sentence),
    fork: fork ?? (() => child as unknown as ChildProcess),
  });
  return { arbiters, child, failures };
}

describe('an arbiter’s process', () => {
  it('that the system has no room for is one that has ended', () => {
    const { arbiters, failures } = harness(() => {
      throw new Error('spawn ENOMEM');
    });
    expect(arbiters.start(request).hasEnded).toBe(true);
    expect(failures).toEqual(['no arbiter can be started: spawn ENOMEM']);
  });

  it('that cannot be started is one that has ended, too', () => {
    const { arbiters, child, failures } = harness();
    const handle = arbiters.start(request);
    expect(handle.hasEnded).toBe(false);
    child.emit('error', new Error('spawn EAGAIN'));
    expect([handle.hasEnded, failures]).toEqual([true, ['no arbiter can be started: spawn EAGAIN']]);
  });

  it('says why it failed, in one line that can be printed', () => {
    const { arbiters, child, failures } = harness();
    const handle = arbiters.start(request);
    child.emit('message', { type: 'backend', sentence: 'wasm' });
    child.emit('message', {
      type: 'failed',
      code: 'backend-failed',
      sentence: `no file\n${'x'.repeat(900)}`,
      exitCode: 1,
    });
    child.emit('exit', 1);
    expect(handle.hasEnded).toBe(true);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/^an arbiter failed: no file/);
    expect(failures[0].length).toBeLessThan(250);
    expect(failures[0]).not.toContain('\n');
  });

  it('is told whom to work for, tries once, and is killed in the end', () => {
    const { arbiters, child } = harness();
    arbiters.start(request);
    expect(child.sent).toMatchObject([
      { type: 'work', token: 'secret-of-our-own', config: { name: 'arbiter-1', reconnectSeconds: 0, tune: 'once' } },
    ]);
    arbiters.close();
    expect(child.killedWith).toEqual(['SIGKILL']);
  });
});
