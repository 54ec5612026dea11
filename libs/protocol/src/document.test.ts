import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REFUSALS } from './errors.ts';
import { HEADER_LIMIT } from './frame.ts';
import { PROTOCOL_VERSION } from './messages.ts';
import type { CoordinatorMessage, Message, WorkerMessage } from './messages.ts';

const document = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');

type Sender<T> = T extends WorkerMessage['type']
  ? T extends CoordinatorMessage['type']
    ? 'both'
    : 'worker'
  : 'coordinator';

/** The compiler refuses this table when a message is added, goes, or changes its direction. */
const senders: { readonly [T in Message['type']]: Sender<T> } = {
  hello: 'worker',
  welcome: 'coordinator',
  ready: 'worker',
  snapshot: 'coordinator',
  applied: 'worker',
  lease: 'coordinator',
  result: 'worker',
  average: 'coordinator',
  parked: 'coordinator',
  state: 'coordinator',
  drain: 'coordinator',
  resync: 'worker',
  stats: 'worker',
  ping: 'both',
  pong: 'both',
  refuse: 'both',
  done: 'coordinator',
  leave: 'worker',
};

/** The text from one heading of the second level to the next. */
function section(heading: string): string {
  const [, text] = document.split(`\n## ${heading}\n`);
  expect(text, `a section ${heading}`).toBeDefined();
  return text.split('\n## ')[0];
}

describe('docs/protocol.md', () => {
  it('explains every refusal and what the peer may do next, and no other', () => {
    const explained = [...section('Refusals').matchAll(/^### `([a-z-]+)`\n\nRetry: `([a-z]+)`\. \S/gm)];
    expect(Object.fromEntries(explained.map(([, code, retry]) => [code, retry]))).toEqual(REFUSALS);
    expect(section('Refusals').match(/^### /gm)).toHaveLength(Object.keys(REFUSALS).length);
  });

  it('lists every message with its sender, and no other', () => {
    const listed = [...section('Messages').matchAll(/^\| `([a-z]+)` +\| (worker|coordinator|both) /gm)];
    expect(Object.fromEntries(listed.map(([, type, sender]) => [type, sender]))).toEqual(senders);
  });

  it('says the version and the limit of a header', () => {
    expect(document).toContain(`protocol version ${PROTOCOL_VERSION}:`);
    expect(section('Frames')).toContain(`at most ${HEADER_LIMIT.toLocaleString('en')}`);
  });
});
