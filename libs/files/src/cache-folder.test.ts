import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from './cache-folder.ts';

describe('cacheFolder', () => {
  it.each([
    [{ GRADCAST_CACHE: '/c', XDG_CACHE_HOME: '/x', HOME: '/h' }, 'linux', '/c'],
    [{ XDG_CACHE_HOME: '/x', HOME: '/h' }, 'linux', '/x/gradcast'],
    [{ HOME: '/h' }, 'linux', '/h/.cache/gradcast'],
    [{ HOME: '/h', XDG_CACHE_HOME: '/x' }, 'darwin', '/h/Library/Caches/gradcast'],
    [{ GRADCAST_CACHE: '' }, 'linux', join(homedir(), '.cache', 'gradcast')],
  ])('%o on %s is %s', (env, os, folder) => {
    expect(cacheFolder(env, os)).toBe(folder);
  });
});
