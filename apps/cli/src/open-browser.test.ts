import { EventEmitter } from 'node:events';
import { expect, it, vi } from 'vitest';
import { browserCommand, openBrowser } from './open-browser.ts';

it.each([
  ['linux', {}, ['xdg-open']],
  ['darwin', {}, ['open']],
  ['win32', {}, ['rundll32', 'url.dll,FileProtocolHandler']],
  ['linux', { BROWSER: 'firefox' }, ['firefox']],
  ['linux', { BROWSER: '' }, ['xdg-open']],
] as const)('a browser is opened on %s with %o by %o', (platform, environment, command) => {
  expect(browserCommand(platform, environment)).toEqual(command);
});

it('a browser that cannot be opened is told, one that is open is left alone', () => {
  const made = () => Object.assign(new EventEmitter(), { unref: vi.fn() });
  const [child, failing] = [made(), made()];
  const start = vi.fn().mockReturnValueOnce(child).mockReturnValueOnce(failing);
  const onFailed = vi.fn();
  openBrowser('http://x/', { start, command: ['open', '-a'], onFailed });
  expect(start).toHaveBeenCalledWith('open', ['-a', 'http://x/'], { stdio: 'ignore', detached: true });
  expect(child.unref).toHaveBeenCalledOnce();
  child.emit('exit', 0);
  expect(onFailed).not.toHaveBeenCalled();
  openBrowser('http://x/', { start, command: ['open'], onFailed });
  failing.emit('error', new Error('ENOENT'));
  expect(onFailed).toHaveBeenCalledOnce();
});
