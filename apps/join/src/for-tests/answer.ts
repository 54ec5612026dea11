/** What a coordinator answers at `GET join/run`. */
export const ANSWER = {
  run: '20261128-mnist',
  task: null,
  preset: 'mnist',
  step: 4,
  steps: 9,
  imagesPerSecond: 12.5,
  workers: 1,
  volunteers: 2,
  state: 'running',
  share: 0.5,
  exact: true,
  backend: 'wasm',
  sample: { step: 3 },
  you: { leavesUsed: 7, leavesChecked: 5 },
};
