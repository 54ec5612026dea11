import { describe, expect, it } from 'vitest';
import { browserVersion } from './browser-version.ts';

const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const safari =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15';

describe('browserVersion', () => {
  it.each([
    [chrome, 'Chromium 142'],
    [`${chrome} Edg/142.0.0.0`, 'Edge 142'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox 145'],
    [safari, 'Safari 26.1'],
    ['', 'a browser'],
  ])('finds %s', (userAgent, version) => {
    expect(browserVersion(userAgent)).toBe(version);
  });
});
