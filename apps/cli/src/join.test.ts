import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runJoin } from './join.ts';
import type { JoinRequest } from './join.ts';

const LINK = { url: 'https://192.168.1.5:7070/join#code', expires: Date.UTC(2026, 10, 29) };

let folder: string;
let run: string;
let server: Server | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
  run = join(folder, 'run');
  await mkdir(run);
  await writeFile(join(run, 'config.json'), '{}');
});
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** A coordinator that answers so; @returns what it was asked. */
async function coordinator(answers: Readonly<Record<string, object>>): Promise<string[]> {
  const heard: string[] = [];
  server = createServer((request, response) => {
    const line = `${request.method} ${new URL(request.url!, 'http://run').pathname}`;
    heard.push(line);
    const { status = 200, ...content } = answers[line] as { status?: number };
    response.writeHead(status).end(JSON.stringify(content));
  });
  const socket = join(folder, 's');
  await new Promise<void>((resolve) => server!.listen(socket, resolve));
  await symlink(socket, join(run, 'control'));
  return heard;
}

/** Exit code, and the lines that are said. */
async function asked(change: Partial<JoinRequest> = {}) {
  const said: string[] = [];
  const code = await runJoin(
    { run, revoke: false, renew: false, json: false, ...change },
    (line) => void said.push(line),
  );
  return { code, said };
}

describe.skipIf(process.platform === 'win32')('gradcast join', () => {
  it('shows the link, and a picture of it where other devices can follow it', async () => {
    await coordinator({ 'GET /join': LINK });
    const { code, said } = await asked();
    expect(code).toBe(0);
    expect(said[0]).toMatch(
      /^browser tabs join at https:\/\/192\.168\.1\.5:7070\/join#code until 2026-11-\d\d \d\d:\d\d$/,
    );
    expect(said).toHaveLength(2);
    expect(said[1].split('\n').length).toBeGreaterThan(10);
  });

  it('shows no picture of a link for this machine alone', async () => {
    await coordinator({ 'GET /join': { ...LINK, url: 'http://127.0.0.1:7070/join#code' } });
    const { said } = await asked();
    expect(said[1]).toBe('other devices can join as well with --host 0.0.0.0');
    expect(said).toHaveLength(2);
  });

  it('takes it back', async () => {
    const heard = await coordinator({ 'POST /join/revoke': { dismissed: 1 } });
    expect(await asked({ revoke: true })).toEqual({
      code: 0,
      said: ['the link is good for nothing any more; 1 volunteer was sent away'],
    });
    expect(heard).toEqual(['POST /join/revoke']);
  });

  it('makes another one, after taking it back if that is asked for', async () => {
    const heard = await coordinator({ 'POST /join/revoke': { dismissed: 2 }, 'POST /join/renew': LINK });
    const { said } = await asked({ revoke: true, renew: true, json: true });
    expect(said.map((line) => JSON.parse(line) as object)).toEqual([{ type: 'join', ok: true, dismissed: 2, ...LINK }]);
    await asked({ renew: true });
    expect(heard).toEqual(['POST /join/revoke', 'POST /join/renew', 'POST /join/renew']);
  });

  it('says why there is none', async () => {
    await coordinator({
      'GET /join': { status: 409, code: 'join-off', sentence: 'the run was started without --join' },
    });
    await expect(asked()).rejects.toMatchObject({ code: 'join-off' });
    const { code, said } = await asked({ json: true });
    expect(code).toBe(1);
    expect(JSON.parse(said[0])).toMatchObject({ type: 'join', ok: false, code: 'join-off' });
  });

  it('says that nobody answers', async () => {
    await expect(asked()).rejects.toMatchObject({ code: 'run-not-running' });
    await expect(asked({ run: join(folder, 'none') })).rejects.toMatchObject({ code: 'run-missing' });
  });
});
