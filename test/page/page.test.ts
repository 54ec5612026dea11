/** The page on which people watch and steer a run, in a real browser, of a run that trains: what it shows and does, and for whom. */
import { writeFile } from 'node:fs/promises';
import { Chromium, deadPort, hasChromium, readEvents, webServer, Workbench } from '@gradcast/testing';
import type { GradcastProcess } from '@gradcast/testing';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PATIENCE_MS, Tab } from '../volunteers/tab.ts';

const TOKEN = 'ann-s3cret-0123456789';
const DESKTOP = { width: 1240, height: 1120, colorScheme: 'light' } as const;
const PHONE = { width: 375, height: 740, colorScheme: 'dark' } as const;

const polled = { timeout: PATIENCE_MS };
const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
const stepOf = async (page: Page) =>
  Number(/Step ([\d,]+)/.exec(await page.locator('#steps-shown').innerText())?.[1].replace(',', ''));
const row = (page: Page, name: string) => page.locator(`#worker-rows tr[data-worker="${name}"]`);

/** Ends a command and its process at once, as a power cut does. */
function kill(run: GradcastProcess): void {
  // A child that outlived its command for a moment would say goodbye.
  for (const { pid } of run.children) process.kill(pid, 'SIGKILL');
  run.signal('SIGKILL');
}

describe.skipIf(!hasChromium)('the page of a run in Chromium', () => {
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

  it('shows what happens while it happens, also after a break, and harms and tells nobody', async () => {
    const port = await deadPort();
    const flags = `--preset dcgan --backend wasm --steps 5000 --sample-every 2 --log-interval 1 --save-every 2 --out runs`;
    const listens = `--port ${port} --metrics-port 0 --json`;
    const first = bench.start(`coordinator ${flags} ${listens}`);
    const { pageUrl, url, runFolder } = await first.event('listening');
    expect(pageUrl).toBe(`http://127.0.0.1:${port}/`);
    await first.said(/^watch it at http/);
    const workers = Object.fromEntries(
      ['ann', 'bob'].map((name) => [
        name,
        bench.start(
          `worker --backend wasm --metrics-port 0 --reconnect-seconds 300 --name ${name} --coordinator ${url}`,
        ),
      ]),
    );
    const tab = await Tab.open(browser, pageUrl!, DESKTOP);
    const others = [await Tab.open(browser, pageUrl!, PHONE), await Tab.open(browser, pageUrl!, DESKTOP)];
    const { page } = tab;

    // Numbers, pictures and the tree change.
    for (const name of ['ann', 'bob']) await row(page, name).getByText('Computes').waitFor();
    await expect.poll(() => page.locator('#grids').getAttribute('max'), polled).not.toBe('0');
    await expect.poll(() => page.locator('#grid').getAttribute('src'), polled).toMatch(/number=\d+$/);
    const newest = await page.locator('#grid').getAttribute('src');
    const step = await stepOf(page);
    await expect.poll(() => stepOf(page), polled).toBeGreaterThan(step + 1);
    await expect.poll(() => page.locator('#grid').getAttribute('src'), polled).not.toBe(newest);
    expect(await page.locator('#answers article').allInnerTexts()).toEqual([
      expect.stringMatching(/^Is it learning\?/),
      expect.stringMatching(/^How fast\?\s+[\d.]+ images\/s\s/),
      expect.stringMatching(/^Who is slow\?/),
      expect.stringMatching(/^What broke\?\s+Nothing\s/),
    ]);
    await expect
      .poll(() => page.locator('#time').innerText(), polled)
      .toMatch(/back\?\s+[^]+ %[^]+\.\s+computing [\d.]+ %/);
    await page.locator('#tree svg[aria-label*="of 4 micro-batches"]').waitFor();
    await expect.poll(() => page.locator('#speed-chart').getAttribute('aria-label'), polled).toMatch(/ann [\d.]+, bob/);
    expect(await page.locator('#losses-chart').getAttribute('aria-label')).toMatch(/loss g/);

    // The slider goes back by the keyboard, and stays there while others come.
    await page.locator('#grids').focus();
    await page.keyboard.press('Home');
    await expect.poll(() => page.locator('#grid').getAttribute('src'), polled).toMatch(/number=2$/);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page
        .locator('summary', { hasText: 'Files' })
        .click()
        .then(() => page.getByText('ledger.jsonl').click()),
    ]);
    expect(download.suggestedFilename()).toMatch(/-ledger\.jsonl$/);

    // Nothing is in the way of who cannot see or has no mouse, on a desk or a phone.
    expect(await tab.barriers()).toEqual([]);
    expect(await others[0].barriers()).toEqual([]);
    expect(await others[0].page.evaluate(overflow)).toBe(0);

    // A worker that is killed is seen at once, by everybody.
    const killed = Date.now();
    kill(workers['bob']);
    await page.getByText('bob was lost').waitFor({ timeout: 2000 });
    await others[1].page.getByText('bob was lost').waitFor({ timeout: Math.max(1, 2000 - (Date.now() - killed)) });
    expect(Date.now() - killed).toBeLessThan(2000);
    await row(page, 'bob').getByText(/^Lost/).waitFor();

    // The coordinator is killed and comes back: the page says so, and goes on with all that happened.
    kill(first);
    await page.getByText('Not live: reconnecting').waitFor();
    const second = bench.start(`coordinator ${flags} ${listens} --resume`);
    await second.event('listening');
    await page.locator('#link-said', { hasText: /^Live$/ }).waitFor();
    await row(page, 'ann').getByText('Computes').waitFor();
    const resumed = await stepOf(page);
    await expect.poll(() => stepOf(page), polled).toBeGreaterThan(resumed);
    await page.getByLabel('Files').check();
    const shown = await page.locator('#log-lines li').allInnerTexts();
    const happened = await readEvents(bench.path(runFolder));
    const joined = happened.filter(({ type }) => type === 'joined').length;
    expect(shown.filter((line) => /joined \(wasm/.test(line))).toHaveLength(joined);
    expect(shown.join()).not.toContain('passed while this page was away');

    // Pages of others learn nothing.
    const stranger = await webServer();
    const foreign = await browser.newTab();
    await foreign.goto(stranger.url.replace(/^ws:..127.0.0.1/, 'http://localhost'));
    const learned = await foreign.evaluate(async (target) => {
      const asked = (init: RequestInit) =>
        fetch(`${target}view/snapshot`, init).then(
          (answer) => answer.type,
          () => 'refused',
        );
      const heard = new Promise((resolve) => {
        const source = new EventSource(`${target}view/events`);
        source.onopen = () => resolve('open');
        source.onerror = () => resolve('refused');
      });
      const frame = document.createElement('iframe');
      frame.src = target;
      document.body.append(frame);
      await new Promise((resolve) => (frame.onload = resolve));
      let framed = 'refused';
      try {
        framed = frame.contentDocument ? 'own' : 'refused';
      } catch {
        // Of another origin, as whatever it shows is.
      }
      return [await asked({}), await asked({ credentials: 'include' }), await heard, framed];
    }, pageUrl!);
    expect(learned).toEqual(['refused', 'refused', 'refused', 'refused']);
    await browser.closeTab(foreign);
    await stranger.close();
    // Of breaks a console tells; of anything else it must not.
    const faults = [tab, ...others].flatMap((each) => each.faults);
    expect(faults.filter((fault) => !/net::ERR_|Failed to load resource/.test(fault))).toEqual([]);
    for (const each of [tab, ...others]) await each.close();
  }, 600_000);

  it('is steered by operators alone, and everybody sees what they do', async () => {
    const run = bench.start(
      'coordinator --preset dcgan --backend wasm --steps 5000 --save-every 100 --port 0 --metrics-port 0 --json --out steered --steer',
    );
    const { pageUrl, steerUrl, url, runFolder } = await run.event('listening');
    await run.said(/^steer it at http:.*#[\w-]{22} /);
    const [, bob] = ['ann', 'bob'].map((name) =>
      bench.start(`worker --backend wasm --metrics-port 0 --name ${name} --coordinator ${url}`),
    );
    const operator = await Tab.open(browser, steerUrl!, PHONE);
    const viewer = await Tab.open(browser, pageUrl!, DESKTOP);
    const seen = (state: string) => viewer.page.locator('#state', { hasText: new RegExp(`^${state}$`) }).waitFor();
    const press = (name: string) => operator.page.getByRole('button', { name, exact: true }).click();
    await row(viewer.page, 'ann').getByText('Computes').waitFor();
    await row(viewer.page, 'bob').getByText('Computes').waitFor();

    // Who only watches has nothing to press, and is let do nothing.
    await viewer.page.getByText('Enter an operator\u2019s token').click();
    await viewer.page.getByLabel('Token of an operator').fill('wrong-s3cret-0123456789');
    await viewer.page.keyboard.press('Enter');
    await viewer.page.getByText('This is not the token of an operator.').waitFor();
    expect(await viewer.barriers()).toEqual([]);
    await viewer.page.keyboard.press('Escape');
    expect(await viewer.page.getByRole('button', { name: /Pause|Stop|Drain/ }).count()).toBe(0);
    const id = runFolder.split('/').at(-1)!;
    const post = async ([what, body]: readonly string[]) => {
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`view/${what}`, { method: 'POST', headers, body })).status;
    };
    expect(await viewer.page.evaluate(post, ['stop', JSON.stringify({ confirm: id })])).toBe(401);

    await operator.page.getByRole('button', { name: 'Pause' }).focus();
    await operator.page.keyboard.press('Enter');
    await operator.page.getByText(/^The run (is paused|pauses when step \d+ closes)\.$/).waitFor();
    await seen('Paused');
    await press('Resume');
    await seen('Training');
    await press('Drain bob');
    await row(viewer.page, 'bob')
      .getByText(/^Drained \d/)
      .waitFor();
    expect((await bob.ended()).code).toBe(0);

    // Another page in the same browser, even of the same host, has the cookie sent along and does nothing with it.
    const stranger = await webServer();
    const foreign = await operator.page.context().newPage();
    await foreign.goto(stranger.url.replace(/^ws/, 'http'));
    await foreign.evaluate(
      async ([target, body]) => {
        const how = { method: 'POST', credentials: 'include', body } as const;
        const json = { 'content-type': 'application/json' };
        await fetch(`${target}view/stop`, { ...how, mode: 'no-cors' }).catch(() => undefined);
        await fetch(`${target}view/stop`, { ...how, headers: json }).catch(() => undefined);
      },
      [pageUrl!, JSON.stringify({ confirm: id })],
    );
    await foreign.close();
    await stranger.close();

    // A stop is asked for again, and can be taken back.
    await press('Stop');
    await operator.page.getByText(`gradcast train --resume ${runFolder}`).waitFor();
    expect(await operator.barriers()).toEqual([]);
    await operator.page.keyboard.press('Escape');
    expect(await operator.page.evaluate(overflow)).toBe(0);
    await press('Stop');
    await press('Stop the run');
    await seen('Stopped');
    expect((await run.ended()).code).toBe(143);
    const acts = (await readEvents(bench.path(runFolder))).flatMap(({ type, by, cause }) => {
      const { kind, operation, by: whose } = Object(cause) as Record<string, unknown>;
      return type === 'drain-asked' ? [[type, by]] : kind === 'operator' ? [[operation, whose]] : [];
    });
    const link = "the page's link";
    expect(acts).toEqual([
      ['pause', link],
      ['resume', link],
      ['drain-asked', link],
      ['stop', link],
    ]);
    for (const each of [operator, viewer]) await each.close();
  }, 300_000);

  it('asks for a token where there are viewers, takes words of peers as text, and keeps no secret', async () => {
    await writeFile(bench.path('tokens'), `ann viewer ${TOKEN}\nw worker worker-s3cret-0123456\n`);
    const run = bench.start('coordinator --port 0 --metrics-port 0 --json --out asked --token-file tokens');
    const { pageUrl, pageNeedsToken } = await run.event('listening');
    expect(pageNeedsToken).toBe(true);
    await run.said(/^watch it at http.* with the token of a viewer$/);
    const tab = await Tab.open(browser, pageUrl!, DESKTOP);
    const { page } = tab;
    await page.getByLabel('Token', { exact: true }).fill('wrong-s3cret-0123456789');
    await page.keyboard.press('Enter');
    await page.getByText('This is not the token of a viewer.').waitFor();
    expect(await tab.barriers()).toEqual([]);
    await tab.close();

    const guest = await Tab.open(browser, `${pageUrl}#${TOKEN}`, DESKTOP);
    await guest.page.locator('#link-said', { hasText: /^Live$/ }).waitFor();
    expect(await guest.page.evaluate(() => [location.href, document.cookie, localStorage.length])).toEqual([
      pageUrl,
      '',
      0,
    ]);
    // What a peer says of itself would be a script, if anything were.
    const scripted = '<img src=x onerror="globalThis.pwned=1"><script>globalThis.pwned=1</script>';
    await guest.page.route('**/view/snapshot', async (route) => {
      const answer = await route.fetch();
      const snapshot = (await answer.json()) as Record<string, Record<string, unknown>>;
      const peer = {
        name: scripted,
        role: scripted,
        backend: scripted,
        device: scripted,
        state: scripted,
        why: scripted,
      };
      const lease = { worker: scripted, first: 0, count: 1, audit: false, state: 'open' };
      Object.assign(snapshot['now'], {
        workers: [{ ...peer, share: 0.5, imagesPerSecond: 1 }],
        open: { step: 1, leaves: 1, covered: [false], leases: [lease] },
      });
      Object.assign(snapshot['run'], { preset: scripted, folder: scripted, config: { [scripted]: scripted } });
      const events = [{ seq: 1, time: 1, type: scripted, sentence: scripted }];
      const files = [{ name: scripted, href: 'files/config.json', bytes: 1 }];
      await route.fulfill({
        response: answer,
        json: { ...snapshot, events, files, curves: { [`loss${scripted}`]: [[1], [1]] } },
      });
    });
    await guest.page.route('**/view/events*', (route) => route.abort());
    await guest.page.reload();
    await guest.page.getByRole('heading', { level: 1, name: scripted }).waitFor();
    expect(await guest.page.locator('#worker-rows').innerText()).toContain(scripted);
    expect(await guest.page.locator('#log-lines').innerText()).toContain('<script>');
    expect(
      await guest.page.evaluate(() => [
        document.querySelectorAll('img[src="x"], main script').length,
        'pwned' in globalThis,
      ]),
    ).toEqual([0, false]);
    await guest.close();
  });
});
