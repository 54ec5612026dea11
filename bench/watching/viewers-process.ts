/**
 * Those who watch a run, in one process: so many pages' worth of requests, each a snapshot and then the stream of events, and
 * one Prometheus that scrapes. What they are told is read and thrown away.
 */
import { text } from 'node:stream/consumers';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { serveParent } from '../harness/child.ts';

export interface Asked {
  readonly type: 'watch';
  /** With a slash at the end. */
  readonly pageUrl: string;
  readonly metricsUrl: string;
  readonly viewers: number;
  readonly scrapeMs: number;
}

export interface Told {
  /** All of them hear the run. */
  readonly type: 'watching';
}

serveParent<Asked, Told>({
  watch: async ({ pageUrl, metricsUrl, viewers, scrapeMs }) => {
    await Promise.all(Array.from({ length: viewers }, () => view(pageUrl)));
    setInterval(() => void scrape(metricsUrl), scrapeMs);
    return { type: 'watching' };
  },
});

async function view(pageUrl: string): Promise<void> {
  const snapshot = JSON.parse(await text(await asked(`${pageUrl}view/snapshot`))) as { readonly seq: number };
  const events = await asked(`${pageUrl}view/events?after=${snapshot.seq}`);
  events.resume();
}

/** The last scrape finds no coordinator. */
async function scrape(metricsUrl: string): Promise<void> {
  await asked(metricsUrl)
    .then(text)
    .catch(() => undefined);
}

function asked(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get(url, (response) => {
      // The coordinator goes when the measurement is over.
      response.on('error', () => undefined);
      if (response.statusCode === 200) resolve(response);
      else reject(new Error(`${url} was answered with ${response.statusCode}`));
    });
    request.on('error', reject);
  });
}
