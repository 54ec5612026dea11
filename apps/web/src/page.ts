/**
 * The page on which people watch a run, and operators steer it where they may.
 *
 * Invariants: whatever a peer says is shown as text; the address keeps no token.
 */
import type { ViewNow } from '@gradcast/protocol';
import { answersOf, isOver } from './answers.ts';
import { Chart } from './draw/charts.ts';
import type { NamedCurve } from './draw/charts.ts';
import { Colours } from './draw/colours.ts';
import { byId, say } from './draw/dom.ts';
import { drawAbout } from './draw/draw-about.ts';
import { drawAnswers, drawHead } from './draw/draw-answers.ts';
import { LogView } from './draw/draw-log.ts';
import { SamplesView } from './draw/draw-samples.ts';
import { SteeringView } from './draw/draw-steering.ts';
import { drawStep } from './draw/draw-step.ts';
import { drawTime } from './draw/draw-time.ts';
import { drawWorkers } from './draw/draw-workers.ts';
import { Feed } from './feed.ts';
import type { Link } from './feed.ts';
import { time } from './format.ts';
import { withEvent, withGap, withNow, withSnapshot } from './model.ts';
import type { Model } from './model.ts';
import { saidOfRefusal, tokenIn } from './steer.ts';
import type { Outcome } from './steer.ts';

/** A hidden page listens on for so long: browsers hold few connections to one address. */
const HIDDEN_MS = 10_000;
/** Of the chart of speeds. */
const SPEED_SECONDS = 1800;
const SPEED_POINTS = 180;
/** Whoever asks for something is told within this time. */
const ANSWER_MS = 15_000;
/** Scores in the order in which people look at them; what is told of each. */
const SCORES = { frechet: 'Fréchet distance, less is better', accuracy: 'accuracy' } as const;

let model: Model | undefined;
let link: Link = 'connecting';
let heardAt = 0;
/** Seconds that the coordinator's clock is ahead of ours. */
let ahead = 0;
let isAsked = false;

const colours = new Colours();
const log = new LogView(() => draw());
const samples = new SamplesView();
const steering = new SteeringView({ send, changed: () => draw(), asksAnew: () => feed.start() });
const charts = {
  quality: new Chart(byId('quality-chart'), byId('quality-legend')),
  losses: new Chart(byId('losses-chart'), byId('losses-legend')),
  speed: new Chart(byId('speed-chart'), byId('speed-legend')),
};

const feed = new Feed({
  listener: {
    snapshot: (snapshot) => {
      const isOther = model && (model.version !== snapshot.version || model.run.id !== snapshot.run.id);
      // Another program, or another run: this page may not know its ways.
      if (isOther) return location.reload();
      heard(snapshot.now);
      change(withSnapshot(model, snapshot));
    },
    event: (event) => change(model && withEvent(model, event)),
    now: (now) => {
      heard(now);
      change(model && withNow(model, now));
    },
    gap: (events) => change(model && withGap(model, events)),
    link: (next) => {
      link = next;
      if (next === 'token') ask();
      drawLink();
      draw();
    },
  },
  ask: async (path) => {
    const answer = await fetch(path, { cache: 'no-store' });
    return { status: answer.status, body: answer.ok ? await answer.json() : undefined };
  },
  open: (path) => new EventSource(path),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
});

function heard(now: ViewNow): void {
  heardAt = Date.now() / 1000;
  ahead = now.time - heardAt;
}

function change(next: Model | undefined): void {
  if (!next) return;
  model = next;
  draw();
}

/** Once a frame, however much comes. */
function draw(): void {
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    if (model && link !== 'token') drawAll(model);
  });
}

function drawAll(model: Model): void {
  const at = Date.now() / 1000 + ahead;
  byId('door').hidden = true;
  byId('run').hidden = false;
  drawHead(model);
  steering.draw(model, link);
  // What is not live is told as it was then.
  drawAnswers(answersOf(model, link === 'live' ? at : model.now.time));
  drawTime(model);
  drawWorkers(model, { colours, at, isHeld: steering.isHeld });
  drawStep(model, colours);
  samples.draw(model);
  log.draw(model);
  drawAbout(model);
  drawCharts(model);
  drawLink();
}

function drawCharts({ curves, speeds, now }: Model): void {
  const named = (names: readonly string[], shown: (name: string) => string): NamedCurve[] =>
    names.map((name, i) => ({ name: shown(name), curve: curves[name], colour: `l${i}` }));
  const scores = Object.keys(SCORES).filter((name) => Object.hasOwn(curves, name));
  byId('quality').hidden = scores.length === 0;
  if (scores.length > 0) charts.quality.lines(named(scores.slice(0, 1), (name) => SCORES[name as keyof typeof SCORES]));
  const losses = Object.keys(curves).filter((name) => name.startsWith('loss'));
  charts.losses.lines(named(losses.slice(0, 4), (name) => name.replaceAll('_', ' ')));
  charts.speed.areas(speeds.series(now.time, SPEED_SECONDS, SPEED_POINTS), colours);
}

function drawLink(): void {
  const over = model && isOver(model.now.state);
  const place = byId('link');
  const ago = heardAt > 0 ? Math.max(0, Date.now() / 1000 - heardAt) : 0;
  const [tone, said] = {
    live: ['good', 'Live'],
    connecting: ['busy', 'Connecting'],
    token: ['calm', 'Not connected'],
    lost: over ? ['calm', 'The run is over'] : ['bad', 'Not live: reconnecting'],
  }[link];
  place.dataset['tone'] = tone;
  document.body.dataset['link'] = over && link === 'lost' ? 'over' : link;
  say(byId('link-said'), said);
  say(byId('link-since'), link === 'lost' && !over ? `as of ${time(ago)} ago` : '');
}

/** For a token, of which none was shown that is good. */
function ask(): void {
  byId('door').hidden = false;
  byId('run').hidden = true;
  byId('token').focus();
}

/** With the token of the address, if it has one. */
async function enterByAddress(): Promise<void> {
  const token = tokenIn(location.hash);
  if (token === undefined) return;
  history.replaceState(null, '', location.pathname);
  const outcome = await send('session', { token });
  if (outcome.status === 200) return;
  say(byId('token-said'), saidOfRefusal(outcome, 'viewer'));
  steering.say(saidOfRefusal(outcome, 'operator'));
}

async function send(what: string, body: object): Promise<Outcome> {
  try {
    const answer = await fetch(`view/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return { status: answer.status, body: await answer.json().catch(() => undefined) };
  } catch {
    return { status: 0, body: undefined };
  }
}

byId('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = byId<HTMLInputElement>('token');
  void send('session', { token: field.value.trim() }).then((outcome) => {
    field.value = '';
    if (outcome.status === 200) feed.start();
    else say(byId('token-said'), saidOfRefusal(outcome, 'viewer'));
  });
});
// The address with a token may be opened in a tab that has the page already.
addEventListener('hashchange', () => {
  if (tokenIn(location.hash) !== undefined) void enterByAddress().then(() => feed.start());
});

let hiding: ReturnType<typeof setTimeout> | undefined;
document.addEventListener('visibilitychange', () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(() => feed.rest(), HIDDEN_MS);
  else feed.start();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const chart of Object.values(charts)) chart.forget();
  draw();
});
// Times go on while nothing comes.
setInterval(() => (model ? draw() : drawLink()), 1000);
void enterByAddress().then(() => {
  if (!document.hidden) feed.start();
});
