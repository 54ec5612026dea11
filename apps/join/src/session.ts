/**
 * The session worker: a tab's sockets, its compute workers and what it knows of the run. A worker's timers go on at their pace in
 * a tab that is not looked at; the page only shows what it is told.
 */
import './no-eval.ts';
import { browserConnect } from './connect.ts';
import { Crew } from './crew.ts';
import { sha256 } from './digest.ts';
import { Door } from './door.ts';
import { Tally } from './figures.ts';
import { Member } from './member.ts';
import type { FromSession, ToSession } from './messages.ts';
import { RunWatch } from './run-watch.ts';
import { deviceThread } from './device-thread.ts';

/** What is used of a Web Worker's global scope. */
const scope = globalThis as unknown as {
  postMessage(message: FromSession, transfer?: ArrayBuffer[]): void;
  onmessage: ((event: MessageEvent<ToSession>) => void) | null;
};

const TICK_MS = 1_000;
/** Of so many ticks one is told to a page that nobody looks at. */
const HIDDEN_TICKS = 15;
/** A tick that comes so late says that the machine slept, or that the tab was frozen. */
const SLEPT_MS = 6_000;

const base = new URL('./', import.meta.url).href;
const clock = { now: () => performance.now(), after };

function openSession(code: string): (message: ToSession) => void {
  const door = new Door({ base, code, fetch: (url, options) => fetch(url, options) });
  const tally = new Tally(clock.now);
  const socketUrl = new URL('socket', base.replace(/^http/, 'ws')).href;
  const crew = new Crew({
    now: clock.now,
    idleMs: () => tally.idleMs,
    createMember: (name, gpu) =>
      new Member({
        name,
        thread: deviceThread(new URL(gpu ? 'webgpu.js' : 'compute.js', base)),
        connect: (secret) =>
          browserConnect({
            door,
            secret,
            open: (protocols) => new WebSocket(socketUrl, [...protocols]),
            moved: (direction, bytes) => tally.moved(direction, bytes),
            after,
          }),
        clock,
        jitter: Math.random,
        sha256,
        changed: report,
        measured: (computeMs, images) => tally.measured(computeMs, images),
      }),
  });
  const watch = new RunWatch({
    door,
    sessions: () => crew.members.flatMap(({ session }) => session ?? []),
    after,
    used: (secret, you) => tally.used(secret, you),
    samples: (step, png) => scope.postMessage({ type: 'samples', step, png }, [png]),
    changed: report,
  });

  function report(): void {
    const { stage } = crew;
    if (stage.name !== 'working') tally.rest();
    scope.postMessage({
      type: 'report',
      report: { stage, run: watch.facts, trouble: watch.trouble, figures: tally.figures },
    });
  }

  let last = Date.now();
  let ticks = 0;
  let isVisible = true;
  setInterval(() => {
    const now = Date.now();
    if (now - last > SLEPT_MS) wake();
    last = now;
    ticks += 1;
    if (isVisible || ticks % HIDDEN_TICKS === 0) report();
  }, TICK_MS);

  function wake(): void {
    crew.hurry();
    watch.now();
  }

  watch.now();
  return (message) => {
    switch (message.type) {
      case 'open':
        return;
      case 'start':
        crew.start(message.settings);
        return report();
      case 'settings':
        crew.change(message.settings);
        return report();
      case 'pause':
        crew.pause();
        return report();
      case 'leave':
        crew.leave();
        return report();
      case 'wake':
        return wake();
      case 'visible':
        isVisible = message.visible;
        watch.visible = isVisible;
        return report();
      default:
        message satisfies never;
    }
  };
}

function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}

let take: ((message: ToSession) => void) | undefined;
scope.onmessage = ({ data }) => {
  if (data.type === 'open') take ??= openSession(data.code);
  else take?.(data);
};
