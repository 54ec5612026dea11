/** Which browser compiles kernels: what stands in a numeric profile for a library's version. */

/** The most particular first: most browsers call themselves Chrome, and Chrome calls itself Safari. */
const NAMES: readonly (readonly [name: string, mark: RegExp])[] = [
  ['Edge', /\bEdg\/(\d+)/],
  ['Chromium', /\bChrom(?:e|ium)\/(\d+)/],
  ['Firefox', /\bFirefox\/(\d+)/],
  ['Safari', /\bVersion\/(\d+\.\d+).*\bSafari\//],
];

/** @param userAgent as the browser gives it with every request, too. */
export function browserVersion(userAgent: string): string {
  for (const [name, mark] of NAMES) {
    const version = mark.exec(userAgent)?.[1];
    if (version !== undefined) return `${name} ${version}`;
  }
  return 'a browser';
}
