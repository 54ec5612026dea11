/** A program for the harness's own test: says what it was told, and fails when asked to. */
import { serveParent, tellParent } from './child.ts';

export type Asked =
  { readonly type: 'echo'; readonly values: Float64Array } | { readonly type: 'fail'; readonly sentence: string };

export type Told = { readonly type: 'started' } | { readonly type: 'echoed'; readonly values: Float64Array };

serveParent<Asked, Told>({
  echo: ({ values }) => ({ type: 'echoed', values }),
  fail: ({ sentence }) => Promise.reject(new Error(sentence)),
});
tellParent({ type: 'started' } satisfies Told);
