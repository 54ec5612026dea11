/** The files of the join page, and their types. */
export const JOIN_FILES = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'session.js': 'text/javascript; charset=utf-8',
  'compute.js': 'text/javascript; charset=utf-8',
  'shared.js': 'text/javascript; charset=utf-8',
  'webgpu.js': 'text/javascript; charset=utf-8',
  'style.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  'tfjs-backend-wasm-simd.wasm': 'application/wasm',
} as const;
export type JoinFile = keyof typeof JOIN_FILES;
