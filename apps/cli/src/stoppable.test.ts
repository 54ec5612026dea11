import { describe, expect, it } from 'vitest';
import type { StopSignal } from './exit-codes.ts';
import { stoppable } from './stoppable.ts';

function world(isTTY = false) {
  const listeners = new Set<(signal: StopSignal) => void>();
  let said = '';
  return {
    said: () => said,
    listeners,
    signal: (name: StopSignal) => [...listeners].forEach((listener) => listener(name)),
    stderr: { write: (text: string) => (said += text), isTTY },
    onSignal: (listener: (signal: StopSignal) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

describe('stoppable', () => {
  it('gives the exit code of a command that ends, and hears no signal any more', async () => {
    const around = world();
    expect(await stoppable(around, () => Promise.resolve(3))).toBe(3);
    expect(around.listeners.size).toBe(0);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops at %s, and leaves a second one to the system', async (signal, code) => {
    const around = world();
    const stopped = stoppable(around, ({ signal: aborted }) => {
      around.signal(signal);
      expect(around.listeners.size).toBe(0);
      return Promise.reject(aborted.reason as Error);
    });
    expect(await stopped).toBe(code);
    expect(around.said()).toBe('gradcast: stopped; nothing was written\n');
  });

  it('passes on what else goes wrong', async () => {
    const around = world();
    const failed = stoppable(around, () => {
      around.signal('SIGINT');
      return Promise.reject(new Error('disk full'));
    });
    await expect(failed).rejects.toThrow('disk full');
  });

  it('shows how far it is to people only', async () => {
    for (const isTTY of [true, false]) {
      const around = world(isTTY);
      await stoppable(around, ({ progress }) => {
        progress(1, 2);
        progress(2, 2);
        return Promise.resolve(0);
      });
      expect(around.said()).toBe(isTTY ? '\r1 of 2 frames\r2 of 2 frames\n' : '');
    }
  });
});
