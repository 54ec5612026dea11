/** The join page in a real browser, against a real coordinator: it asks, joins, computes, and the run has the bits of Node alone. */
import { Chromium, hasChromium, hashesOf, readLedgerSteps, readSummary, Workbench } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readExpected } from '../portability/expected.ts';
import { Tab } from './tab.ts';

const STEPS = 20;

/** In a page: its battery has 10 % and is not charged until `charge` is called. */
function lowBattery(): void {
  const battery = Object.assign(new EventTarget(), { level: 0.1, charging: false });
  const charge = () => {
    battery.charging = true;
    battery.dispatchEvent(new Event('chargingchange'));
  };
  Object.assign(globalThis, { charge });
  Object.assign(navigator, { getBattery: () => Promise.resolve(battery) });
}

describe.skipIf(!hasChromium)('the join page in Chromium', () => {
  let bench: Workbench;
  let browser: Chromium;
  beforeAll(async () => {
    bench = await Workbench.create();
    browser = await Chromium.start();
  });
  afterEach(() => bench.endProcesses());
  afterAll(async () => {
    await browser.close();
    await bench.remove();
  });

  /** A run whose operator has paused it after its first steps. */
  async function pausedRun(flags: string) {
    const run = bench.start(`train --preset dcgan --workers 1 --backend wasm --join --json --port 0 ${flags}`);
    const { joinUrl, runFolder } = await run.event('listening');
    await run.said(/local-0 joined/);
    await bench.run(['pause', bench.path(runFolder)]);
    return { run, link: joinUrl!, folder: bench.path(runFolder) };
  }

  it('asks, joins by the keyboard, rests, comes back, and computes the bits of Node', async () => {
    const { seed, steps } = await readExpected();
    const { run, link, folder } = await pausedRun(
      `--seed ${seed} --steps ${STEPS} --exact --sample-every 1 --volunteer-share 1 --out asks`,
    );
    const tab = await Tab.open(browser, link);
    await tab.says('Ready when you are');
    expect(await tab.page.locator('#consent').innerText()).toMatch(
      /training images[^]*copy of the model|copy of the model[^]*training images/,
    );
    expect(await tab.barriers()).toEqual([]);
    expect(await tab.page.evaluate(() => crossOriginIsolated)).toBe(true);
    // Nothing that computes was loaded, and nobody was told of this device.
    expect(tab.asked.filter((path) => /compute|wasm|webgpu|ticket/.test(path))).toEqual([]);

    await tab.page.locator('#primary[aria-disabled="false"]').waitFor();
    for (let keys = 0; keys < 9; keys++) {
      if (await tab.page.evaluate(() => document.activeElement?.id === 'primary')) break;
      await tab.page.keyboard.press('Tab');
    }
    await tab.page.keyboard.press('Enter');
    await tab.says('Waiting: the run is paused');
    expect(await tab.page.evaluate(() => document.activeElement?.id)).toBe('primary');
    await tab.press('Pause');
    await tab.says('Paused');
    await tab.press('Resume');
    await tab.says('Waiting: the run is paused');
    // It came back by the secret of its session.
    expect(tab.asked.filter((path) => path === '/join/ticket')).toHaveLength(1);

    await bench.run(['resume', folder]);
    await tab.says('Training');
    await expect.poll(() => tab.figure('Used in the model'), { timeout: 120_000 }).toMatch(/^[1-9]/);
    expect(
      await tab.page.locator('#samples').evaluate((image: HTMLImageElement) => image.naturalWidth),
    ).toBeGreaterThan(0);
    expect(await tab.barriers()).toEqual([]);
    expect((await run.ended(300)).code).toBe(0);
    await tab.says('The run is over');
    expect(await tab.detail()).toMatch(/Thank you/);
    expect(await tab.barriers()).toEqual([]);
    expect(hashesOf(await readSummary(folder))).toEqual(steps.dcgan[String(STEPS)]);
    const results = (await readLedgerSteps(folder)).flatMap((step) => step.results);
    const outcomes = results.filter(({ worker }) => worker === 'tab').map(({ outcome }) => outcome);
    // A newcomer's results are held until another worker has had the same bytes.
    expect(outcomes.filter((outcome) => outcome === 'held' || outcome === 'accepted').length).toBeGreaterThan(0);
    expect(outcomes).not.toContain('refuted');
    expect(tab.faults).toEqual([]);
    await tab.close();
  }, 600_000);

  it('has no barriers in the dark on a phone, spares its battery, takes other numbers of workers, and leaves', async () => {
    const { link } = await pausedRun('--steps 500 --no-samples --out phone');
    const phone = { width: 360, height: 740, colorScheme: 'dark' } as const;
    const tab = await Tab.open(browser, link, phone, lowBattery);
    await tab.says('Ready when you are');
    expect(await tab.barriers()).toEqual([]);
    const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
    expect(await tab.page.evaluate(overflow)).toBe(0);
    await tab.press('Start training');
    await tab.says('Resting: the battery is low');
    expect(tab.asked.filter((path) => /compute|ticket/.test(path))).toEqual([]);
    await tab.page.evaluate('charge()');
    await tab.says('Waiting: the run is paused');
    await expect.poll(() => tab.figure('Taking part'), { timeout: 30_000 }).toBe('1 tab, 1 computer');
    await tab.page.locator('#workers').press('ArrowRight');
    await expect.poll(() => tab.figure('Taking part'), { timeout: 60_000 }).toBe('2 tabs, 1 computer');
    expect(await tab.barriers()).toEqual([]);
    await tab.press('Leave');
    await tab.says('Ready when you are');
    await expect.poll(() => tab.figure('Taking part'), { timeout: 30_000 }).toBe('0 tabs, 1 computer');
    expect(tab.faults).toEqual([]);
    await tab.close();
  });

  it.each([
    ['no code', '', 'This link has no join code: open the whole link.'],
    ['a code of no run', '#AAAAAAAAAAAAAAAAAAAAAA', /^This link is not that of the run/],
  ])('says in one sentence why it cannot join with %s', async (_, fragment, sentence) => {
    const { link } = await pausedRun('--steps 500 --no-samples --out refused');
    const tab = await Tab.open(browser, link.replace(/#.*/, fragment));
    await tab.says('This device cannot take part');
    expect(await tab.detail()).toMatch(sentence);
    expect(await tab.page.locator('#primary').getAttribute('aria-disabled')).toBe('true');
    expect(await tab.barriers()).toEqual([]);
    await tab.close();
  });
});
