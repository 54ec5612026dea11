/** The files of the page on which people watch, and their types. */
export const VIEW_FILES = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;
export type ViewFile = keyof typeof VIEW_FILES;
