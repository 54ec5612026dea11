/**
 * The page: asks the visitor, shows what the session worker says, and hands on what the browser notices.
 *
 * Invariants: nothing is computed and nobody joins before the visitor presses the button; whatever a peer says is shown as text.
 */
import { isTooLow } from './battery.ts';
import type { Battery } from './battery.ts';
import { lacking, thisBrowser } from './capability.ts';
import { keepChoices, readChoices } from './choices.ts';
import type { Choices } from './choices.ts';
import { controls } from './controls.ts';
import { draw, drawSamples } from './draw.ts';
import type { FromSession, Report, ToSession } from './messages.ts';
import { viewOf } from './view.ts';
import type { Action } from './view.ts';

const cores = Math.max(1, navigator.hardwareConcurrency || 1);
const store = localStore();
let choices = readChoices(store, cores);
let report: Report | undefined;
let battery: Battery | undefined;
/** Whether the visitor wants this device to compute; the battery may want otherwise. */
let isWanted = false;
let isHeld = false;
let unable =
  lacking(thisBrowser()) ?? (joinCode() === '' ? 'This link has no join code: open the whole link.' : undefined);
let tell: (message: ToSession) => void = () => undefined;

const panel = controls({ choices, cores, hasGpu: 'gpu' in navigator, act, leave, change });

function show(): void {
  draw(viewOf({ unable, report, isHeld, isOnline: navigator.onLine }), panel);
}

function act(action: Action): void {
  isWanted = action === 'start';
  if (isWanted) begin();
  else tell({ type: 'pause' });
}

function begin(): void {
  weighBattery();
  if (!isHeld) tell({ type: 'start', settings: choices });
}

function leave(): void {
  isWanted = false;
  isHeld = false;
  tell({ type: 'leave' });
}

function change(next: Choices): void {
  choices = next;
  keepChoices(store, next);
  tell({ type: 'settings', settings: next });
  weighBattery();
}

/** Holds work while the battery is low, if the visitor asked for that, and takes it up again. */
function weighBattery(): void {
  const holds = isWanted && choices.spareBattery && isTooLow(battery, isHeld);
  if (holds === isHeld) return;
  isHeld = holds;
  if (isWanted) tell(holds ? { type: 'pause' } : { type: 'start', settings: choices });
  show();
}

function take(message: FromSession): void {
  if (message.type === 'samples') return drawSamples(message.step, message.png);
  report = message.report;
  if (report.stage.name === 'ended') isWanted = false;
  show();
}

function openSession(): void {
  const session = new Worker(new URL('./session.js', import.meta.url), { type: 'module' });
  session.onmessage = ({ data }: MessageEvent<FromSession>) => take(data);
  session.onerror = () => {
    unable = 'This browser could not start the script that computes: it may be too old, or something blocks it.';
    report = undefined;
    show();
  };
  tell = (message) => session.postMessage(message);
  tell({ type: 'open', code: joinCode() });
  document.addEventListener('visibilitychange', () => tell({ type: 'visible', visible: !document.hidden }));
  if (document.hidden) tell({ type: 'visible', visible: false });
  const wake = () => tell({ type: 'wake' });
  addEventListener('online', wake);
  document.addEventListener('resume', wake);
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) wake();
  });
}

/** The link's fragment, which no server is sent. */
function joinCode(): string {
  return decodeURIComponent(location.hash.slice(1));
}

/** Not all browsers tell of their battery, and none has to. */
async function watchBattery(): Promise<void> {
  type Manager = Battery & EventTarget;
  const { getBattery } = navigator as { readonly getBattery?: () => Promise<Manager> };
  if (!getBattery) return;
  const manager = await getBattery.call(navigator);
  const read = () => {
    battery = { level: manager.level, charging: manager.charging };
    weighBattery();
  };
  manager.addEventListener('levelchange', read);
  manager.addEventListener('chargingchange', read);
  read();
  panel.offerBattery();
}

/** Browsers may refuse to keep anything, even to be asked. */
function localStore(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

// Another link in the same tab is another run.
addEventListener('hashchange', () => location.reload());
addEventListener('online', show);
addEventListener('offline', show);
show();
if (unable === undefined) openSession();
watchBattery().catch(() => undefined);
