import { describe, expect, it } from 'vitest';
import { EventFeed } from './event-feed.ts';

async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of from) found.push(each);
  return found;
}

describe('EventFeed', () => {
  it('gives every reader what was there and what comes', async () => {
    const feed = new EventFeed<number>(10);
    feed.push(1);
    const early = collect(feed);
    feed.push(2);
    const late = collect(feed);
    const news = collect(feed.fromNow());
    // Readers wait by now.
    await Promise.resolve();
    feed.push(3);
    feed.end();
    expect(await Promise.all([early, late, news])).toEqual([[1, 2, 3], [1, 2, 3], [3]]);
  });

  it('keeps the newest', async () => {
    const feed = new EventFeed<number>(3);
    for (let event = 1; event <= 8; event++) feed.push(event);
    feed.end();
    expect(await collect(feed)).toEqual([6, 7, 8]);
  });

  it('lets a slow reader go on with the oldest that is kept', async () => {
    const feed = new EventFeed<number>(2);
    feed.push(1);
    const reader = feed[Symbol.asyncIterator]();
    expect(await reader.next()).toMatchObject({ value: 1 });
    for (let event = 2; event <= 6; event++) feed.push(event);
    expect(await reader.next()).toMatchObject({ value: 5 });
    expect(await reader.next()).toMatchObject({ value: 6 });
  });

  it('tells readers behind the last event why it ended', async () => {
    const feed = new EventFeed<number>(2);
    feed.push(1);
    feed.end(new Error('disk full'));
    feed.end();
    const reader = feed[Symbol.asyncIterator]();
    expect(await reader.next()).toMatchObject({ value: 1 });
    await expect(reader.next()).rejects.toThrow('disk full');
  });
});
