/**
 * Browser tabs as workers: the speed of a tab's engine beside that of Node's `wasm` worker in turn, how long a page
 * takes to its first result, and what tabs of the same machine add to a run of one Node worker, while all that they send
 * is checked and later.
 */
import { Chromium, hasChromium } from '@gradcast/testing';
import type { Asked, Told } from './backends/engine-process.ts';
import { count, positives } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { BenchmarkError } from './harness/errors.ts';
import type { Harness } from './harness/harness.ts';
import { machine } from './harness/machine.ts';
import { printTable, tell } from './harness/report.ts';
import { median, orderOf, pairedRatio, round, target } from './harness/statistics.ts';
import { fleetTurn, startTurn } from './tabs/fleet.ts';
import type { FleetTurn, StartTurn, Stretch } from './tabs/fleet.ts';
import { openSite } from './tabs/site.ts';

const PRESET = 'dcgan';
/** Share of Node's speed that a tab must have. */
const LEAST_SHARE = 0.85;
const PLACES = ['tab', 'node'] as const;
type Speeds = Readonly<Record<(typeof PLACES)[number], number[]>>;

export const benchmark = defineBenchmark({
  name: 'tabs',
  shows: 'Images a second of a tab beside a Node worker, how a tab starts, and what tabs add to a run.',
  lasts: 'about eight minutes',
  words: { rounds: count(3, 'rounds') },
  flags: {
    steps: count(16, 'steps of the later stretch'),
    leaves: count(128, 'leaves that are used of each tab before the later stretch'),
    tabs: positives([1, 2, 10], 'numbers of tabs'),
  },
  run: async (harness, { rounds, steps, leaves, tabs: counts }) => {
    if (!hasChromium) throw new BenchmarkError('there is no Chromium: install the Debian package chromium');
    const before = machine();
    const browser = await Chromium.start();
    try {
      const speeds = await speedsOf(harness, browser, rounds);
      const starts: StartTurn[] = [];
      for (let index = 0; index < rounds; index++) {
        const start = await startTurn(harness, browser);
        starts.push(start);
        tell(
          `start ${index + 1} of ${rounds}: ready ${start.readyMs.toFixed(0)} ms, first result ${start.firstResultMs.toFixed(0)} ms`,
        );
      }
      const fleets: FleetTurn[] = [];
      for (const tabs of [0, ...counts]) {
        fleets.push(await fleetTurn(harness, browser, { tabs, leaves, steps }));
        tell(`a run with ${tabs} tabs: ${fleets.at(-1)!.late?.imagesPerSecond.toFixed(1)} images/s`);
      }
      return report({ rounds, steps, leaves, machine: before }, { speeds, starts, fleets });
    } finally {
      await browser.close();
    }
  },
});

/** Engines in a tab and in a process of Node, which take turns of three seconds. */
async function speedsOf(harness: Harness, browser: Chromium, rounds: number): Promise<Speeds> {
  const site = await openSite(harness.root);
  const tab = await browser.newTab();
  try {
    const node = await harness.startProgram<Asked, Told>('backends/engine-process.ts');
    await node.ask({ type: 'load', way: 'wasm', gpu: undefined }, 'loaded');
    await tab.goto(site.url);
    await tab.evaluate("{ globalThis.engine = new Worker('/worker.js') }");
    const turns = {
      tab: (seconds: number) =>
        tab.evaluate<number>(`new Promise((resolve) => {
          engine.onmessage = ({ data }) => resolve(data);
          engine.postMessage({ preset: '${PRESET}', seconds: ${seconds} });
        })`),
      node: async (seconds: number) => {
        const { images, ms } = await node.ask({ type: 'train', preset: PRESET, images: undefined, seconds }, 'trained');
        return (1000 * images) / ms;
      },
    };
    for (const place of PLACES) await turns[place](2);
    const speeds: Speeds = { tab: [], node: [] };
    for (let index = 0; index < rounds; index++) {
      for (const place of orderOf(PLACES, index)) speeds[place].push(await turns[place](3));
      const told = PLACES.map((place) => `${place} ${speeds[place].at(-1)!.toFixed(1)} images/s`);
      tell(`round ${index + 1} of ${rounds}: ${told.join(', ')}`);
    }
    await node.stop();
    return speeds;
  } finally {
    await browser.closeTab(tab);
    site.close();
  }
}

interface Findings {
  readonly speeds: Speeds;
  readonly starts: readonly StartTurn[];
  readonly fleets: readonly FleetTurn[];
}

function report(setting: object, { speeds, starts, fleets }: Findings) {
  const ratio = pairedRatio(speeds.tab, speeds.node);
  printTable([
    ['engine', 'images/s', 'of Node'],
    ['Node', median(speeds.node).toFixed(1), ''],
    ['tab', median(speeds.tab).toFixed(1), ratio.toFixed(2)],
  ]);
  const readyMs = median(starts.map((start) => start.readyMs));
  const firstResultMs = median(starts.map((start) => start.firstResultMs));
  printTable([
    ['a tab is ready', 'first result'],
    [`${readyMs.toFixed(0)} ms`, `${firstResultMs.toFixed(0)} ms`],
  ]);
  const alone = fleets[0].late?.imagesPerSecond ?? NaN;
  const cells = (stretch: Stretch | undefined) => [
    stretch?.imagesPerSecond.toFixed(1) ?? '',
    stretch ? (stretch.imagesPerSecond / alone).toFixed(2) : '',
    stretch ? percent(stretch.shareOfTabs) : '',
    stretch ? percent(stretch.shareChecked) : '',
  ];
  printTable([
    ['tabs', 'new: images/s', 'x', 'of tabs', 'checked', 'later: images/s', 'x', 'of tabs', 'checked'],
    ...fleets.map(({ tabs, early, late }) => [tabs, ...cells(early), ...cells(late)]),
  ]);
  const start = { readyMs: round(readyMs), firstResultMs: round(firstResultMs) };
  return {
    ...setting,
    engines: speeds,
    start,
    fleets,
    targets: [target('speed of a tab, as a share of that of Node', LEAST_SHARE, ratio)],
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
