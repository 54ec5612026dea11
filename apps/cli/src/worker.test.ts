import { type ChildMessage, resolveWorker } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import type { ChildExit } from './child.ts';
import type { StopSignal } from './exit-codes.ts';
import { Reporter } from './reporter.ts';
import { superviseWorker } from './worker.ts';

function setUp() {
  const said = { out: '', err: '' };
  const asked: string[] = [];
  const waits: (() => void)[] = [];
  let signal: (signal: StopSignal) => void = () => undefined;
  let say: (message: ChildMessage) => void = () => undefined;
  let exit: (exit: ChildExit) => void = () => undefined;
  const { worker } = resolveWorker(['--coordinator', 'ws://h:1'], { environment: {}, cores: 1, hostname: 'h' });
  const reporter = new Reporter({
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    now: () => 0,
    json: true,
    progress: false,
    logInterval: 1,
  });
  const code = superviseWorker(worker, 'token', {
    reporter,
    start: ({ onMessage }) => {
      say = onMessage;
      const ended = new Promise<ChildExit>((resolve) => (exit = resolve));
      return {
        ended,
        stop: (received) => void asked.push(received),
        tell: () => undefined,
        kill: () => {
          asked.push('kill');
          exit({ code: null, signal: 'SIGKILL' });
        },
      };
    },
    now: () => 0,
    delay: (_, action) => {
      waits.push(action);
      return () => undefined;
    },
    onSignal: (listener) => {
      signal = listener;
      return () => undefined;
    },
  });
  return {
    code,
    said,
    asked,
    waits,
    send: (s: StopSignal) => signal(s),
    say: (m: ChildMessage) => say(m),
    exit: (e: ChildExit) => exit(e),
  };
}

describe('superviseWorker', () => {
  it('passes on how the worker ended', async () => {
    const { code, exit, say, said } = setUp();
    say({ type: 'backend', backend: 'wasm', device: 'cpu', sentence: 'takes wasm' });
    exit({ code: 0, signal: null });
    expect(await code).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject({ type: 'backend', backend: 'wasm' });
    expect(said.err).toBe('takes wasm\n');
  });

  it('tells a reason once and exits with its code', async () => {
    const { code, exit, say, said } = setUp();
    say({ type: 'failed', code: 'unreachable', sentence: 'nobody answers', exitCode: 75 });
    exit({ code: 75, signal: null });
    expect(await code).toBe(75);
    expect(said.err).toBe('gradcast: nobody answers [unreachable]\n');
  });

  it('tells that a worker died without a reason', async () => {
    const { code, exit, said } = setUp();
    exit({ code: null, signal: 'SIGSEGV' });
    expect(await code).toBe(1);
    expect(said.err).toBe('gradcast: the worker ended unexpectedly (killed by SIGSEGV) [worker-died]\n');
  });

  it('asks to stop at the first signal; who leaves in good order exits 0', async () => {
    const { code, exit, send, asked } = setUp();
    send('SIGTERM');
    exit({ code: 0, signal: null });
    expect(await code).toBe(0);
    expect(asked).toEqual(['SIGTERM']);
  });

  it('ends it at the second signal, or when it takes too long', async () => {
    const twice = setUp();
    twice.send('SIGINT');
    twice.send('SIGINT');
    expect(await twice.code).toBe(130);
    const slow = setUp();
    slow.send('SIGINT');
    slow.waits[0]();
    expect(await slow.code).toBe(130);
    expect([twice.asked, slow.asked]).toEqual([
      ['SIGINT', 'kill'],
      ['SIGINT', 'kill'],
    ]);
  });
});
