import type { Plugin } from 'esbuild';

/** See join-page.mjs. */
export const withoutTfjs: Plugin;
