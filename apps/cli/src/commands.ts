/** What each command is for, in the words of --help. */
import type { CommandName } from '@gradcast/config';

export interface CommandHelp {
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** A paragraph for the command's own help. */
  readonly about: string;
  readonly examples: readonly (readonly [command: string, does: string])[];
}

/** In which order and under which headings `gradcast --help` lists the commands. */
export const COMMAND_GROUPS: readonly { readonly title: string; readonly commands: readonly CommandName[] }[] = [
  { title: 'Train', commands: ['train', 'coordinator', 'worker', 'demo'] },
  { title: 'Watch runs', commands: ['runs', 'top', 'events', 'compare', 'report'] },
  { title: 'Operate a run while it goes on', commands: ['pause', 'resume', 'stop', 'drain', 'join'] },
  {
    title: 'Use and check a run',
    commands: ['sample', 'interpolate', 'animate', 'export', 'evaluate', 'verify', 'replay'],
  },
  { title: 'Look after this machine', commands: ['doctor'] },
];

export const COMMAND_HELP: Readonly<Record<CommandName, CommandHelp>> = {
  train: {
    usage: 'gradcast train [options]',
    summary: 'train on this machine: a coordinator and its workers in one command',
    about:
      'Starts a coordinator and local workers, shows progress, and leaves a run folder with metrics, sample grids, ' +
      'checkpoints and a summary. More workers may join from other machines at any time. Ctrl-C saves and stops; ' +
      'once more stops at once.',
    examples: [
      ['gradcast train', 'the default preset, as many workers as cores'],
      ['gradcast train --for 10m', 'as many steps as fit into ten minutes here'],
      ['gradcast train --preset classic --workers 2 --steps 500', 'another preset, a given length'],
      ['gradcast train --resume', 'go on with the newest run of these settings'],
      ['gradcast train --resume runs/RUN --steps 4000', 'make a finished run longer'],
      ['GRADCAST_TOKEN=... gradcast train --host 0.0.0.0 --port 7070', 'let other machines join'],
      ['gradcast train --join --host 0.0.0.0', 'let browser tabs join, by a link and its QR code'],
    ],
  },
  coordinator: {
    usage: 'gradcast coordinator [options]',
    summary: 'the coordinator alone; workers join over the network',
    about:
      'Owns the run: hands out micro-batches, averages the gradients and saves checkpoints. It waits for workers and ' +
      'goes on when some of them vanish. Its /metrics address also serves /healthz, /readyz and /targets.',
    examples: [
      ['gradcast coordinator', 'wait for workers of this machine'],
      ['GRADCAST_TOKEN=... gradcast coordinator --host 0.0.0.0', 'wait for workers of any machine'],
    ],
  },
  worker: {
    usage: 'gradcast worker --coordinator ws://HOST:PORT [options]',
    summary: 'one worker for a coordinator anywhere',
    about:
      'Computes gradients for a coordinator until the run is over. It may join before or during a run, and may vanish ' +
      'at any time without changing the result.',
    examples: [
      ['gradcast worker --coordinator ws://127.0.0.1:7070', 'work for this machine'],
      ['gradcast worker --coordinator ws://10.0.0.5:7070 --token-file token', 'work for another machine'],
    ],
  },
  pause: {
    usage: 'gradcast pause RUN [options]',
    summary: 'pause a run once its open step has closed',
    about:
      'RUN is the folder of a run that goes on, on this machine and started by this user. Once its open step has closed it ' +
      'saves a checkpoint and asks nobody for anything until it is resumed; workers stay connected, and the clock of ' +
      '--wait-workers stands still.',
    examples: [['gradcast pause runs/RUN', 'its workers are free for something else']],
  },
  resume: {
    usage: 'gradcast resume RUN [options]',
    summary: 'let a paused run go on',
    about:
      'RUN is the folder of a run that was paused. A run that was stopped goes on with gradcast train --resume RUN instead.',
    examples: [['gradcast resume runs/RUN', 'go on where it was paused']],
  },
  stop: {
    usage: 'gradcast stop RUN [options]',
    summary: 'stop a run with a checkpoint, as Ctrl-C does',
    about:
      'RUN is the folder of a run that goes on, on this machine and started by this user. Its own command exits with 143, as ' +
      'after SIGTERM; gradcast train --resume RUN goes on with the same bits.',
    examples: [
      ['gradcast stop runs/RUN', 'from another terminal; when this returns, the run can be resumed'],
      ['gradcast stop runs/RUN --no-wait', 'only ask for it'],
    ],
  },
  drain: {
    usage: 'gradcast drain RUN WORKER [options]',
    summary: 'let one worker finish what it has and go',
    about:
      'WORKER is the name under which the worker joined. It finishes its leases within its own --grace-seconds, is asked for ' +
      'nothing more and exits with 0; the run goes on with the others and comes to the same bits. With fewer than ' +
      '--min-workers left it waits for others; one that has only its own workers, and listens on loopback, ends with a ' +
      'checkpoint when the last of them is gone, unless it is paused.',
    examples: [['gradcast drain runs/RUN local-1', 'before its machine is turned off']],
  },
  join: {
    usage: 'gradcast join RUN [options]',
    summary: 'show the link by which browser tabs join a run, take it back, or make another',
    about:
      'RUN is the folder of a run that goes on with --join, on this machine and started by this user. A link that is taken back ' +
      'is good for nothing any more, and who came by it is sent away; another one may be made at any time.',
    examples: [
      ['gradcast join runs/RUN', 'the link and its QR code'],
      ['gradcast join runs/RUN --revoke', 'send away who came by it, and let nobody in'],
      ['gradcast join runs/RUN --revoke --renew', 'the same, and a new link for others'],
    ],
  },
  runs: {
    usage: 'gradcast runs [FOLDER] [options]',
    summary: 'list runs, newest first: state, step, speed, score, size',
    about:
      'FOLDER is a folder of runs, --out by default, or a run. Of each run it says whether it goes on, how it ended, or that it ' +
      'was killed; a folder that is damaged is told in a sentence, and the others are listed all the same.',
    examples: [
      ['gradcast runs', 'the runs that train has left here'],
      ['gradcast runs /data/runs --json', 'others, a JSON object for each'],
    ],
  },
  top: {
    usage: 'gradcast top [URL|RUN] [options]',
    summary: 'show a run as it goes on: step, speed, losses, workers, the newest samples',
    about:
      'RUN is a run folder of this machine, URL the address of a coordinator’s metrics, anywhere; without either it is the newest ' +
      'run below --out that goes on. On a terminal the view is drawn anew each second, until the run is over or Ctrl-C; it says ' +
      'when what it shows is stale.',
    examples: [
      ['gradcast top', 'the run that goes on here'],
      ['gradcast top runs/RUN --once', 'how things are, once'],
      ['gradcast top http://10.0.0.5:9464', 'what a coordinator elsewhere tells Prometheus'],
    ],
  },
  events: {
    usage: 'gradcast events RUN [options]',
    summary: 'print what happened in a run, and with --follow what happens',
    about:
      'RUN is a run folder. Each event has its time in UTC, its number and a sentence. With --follow it goes on until the run is ' +
      'over, without losing or repeating one, also where the coordinator is killed and the run resumed.',
    examples: [
      ['gradcast events runs/RUN', 'all that happened'],
      ['gradcast events runs/RUN --follow --type joined,left,state', 'workers and states, as they change'],
      ['gradcast events runs/RUN --since 120 --json', 'JSON lines from number 120 on'],
    ],
  },
  compare: {
    usage: 'gradcast compare RUN RUN... [options]',
    summary: 'put runs side by side: curves, scores, and in what they differ',
    about:
      'RUN is a run folder; two to eight. Curves share a scale, and what decides the bits is compared with the first run. ' +
      '--html writes a page with the same, larger, and the newest sample grids.',
    examples: [
      ['gradcast compare runs/A runs/B', 'in the terminal'],
      ['gradcast compare runs/A runs/B runs/C --html compared.html', 'a page for others'],
    ],
  },
  report: {
    usage: 'gradcast report RUN [options]',
    summary: 'write what a run came to as one page: samples, curves, who computed when, how to check it',
    about:
      'RUN is a run folder, of a run that is over, goes on or was killed, also a copy. Each run writes the page into its folder ' +
      'at its end, as report.html; it needs no network and no other file.',
    examples: [
      ['gradcast report runs/RUN', 'again, into the folder of the run'],
      ['gradcast report runs/RUN --output digits.html', 'elsewhere'],
    ],
  },
  sample: {
    usage: 'gradcast sample RUN --output PATH [options]',
    summary: 'draw new images with a trained generator',
    about: 'RUN is a run folder, of which the newest checkpoint is taken, or a checkpoint file.',
    examples: [
      ['gradcast sample runs/RUN --output digits.png', 'a grid of 64 images'],
      ['gradcast sample runs/RUN --count 100 --output digits/', 'one PNG an image, in a folder'],
      ['gradcast sample runs/RUN --digit 7 --count 64 --output sevens.png', 'sevens, of a run of --preset conditional'],
      ['gradcast sample runs/RUN --count 1000 --seed 7 --output digits.npy', 'an array for NumPy'],
    ],
  },
  interpolate: {
    usage: 'gradcast interpolate RUN --output FILE.png [options]',
    summary: 'walk through the latent space of a trained generator, as an animated PNG',
    about:
      'RUN is a run folder, of which the newest checkpoint is taken, or a checkpoint file. The walk passes through the first ' +
      'points that sample draws from the same seed, along the sphere for normal noise and straight for uniform noise, and ends ' +
      'where it began.',
    examples: [
      ['gradcast interpolate runs/RUN --output walk.png', '16 walks side by side'],
      ['gradcast interpolate runs/RUN --count 1 --points 20 --output walk.png', 'one walk, a longer one'],
    ],
  },
  animate: {
    usage: 'gradcast animate RUN --output FILE.png [options]',
    summary: 'show the training of a run from its sample grids, as an animated PNG',
    about:
      'RUN is a run folder. Its grids show the same points of the latent space after every --sample-every steps. Where there are ' +
      'more than --frames, some are left out, evenly; which steps are shown is said.',
    examples: [['gradcast animate runs/RUN --output training.png', 'at most 120 grids, ten a second']],
  },
  export: {
    usage: 'gradcast export RUN --format FORMAT --output PATH [options]',
    summary: 'write a trained model for other programs: TensorFlow.js, safetensors, ONNX, a web page',
    about:
      'RUN is a run folder, of which the newest checkpoint is taken, or a checkpoint file. What is written is the network that ' +
      'samples are drawn with, or scores taken from; docs/outputs.md says what each file holds.',
    examples: [
      ['gradcast export runs/RUN --format html --output digits.html', 'a page that draws, without a network'],
      ['gradcast export runs/RUN --format onnx --output digits.onnx', 'for onnxruntime and others'],
      ['gradcast export runs/RUN --format tfjs --output digits', 'a folder for tf.loadLayersModel'],
    ],
  },
  evaluate: {
    usage: 'gradcast evaluate RUN|SAMPLES.npy [options]',
    summary: 'score the images that a trained generator draws',
    about:
      'RUN is a run folder, of which the newest checkpoint is taken, or a checkpoint file; SAMPLES.npy an array of images as ' +
      'gradcast sample writes it. A trained classifier, the judge, compares them with images that no training saw; beside ' +
      'each score stands that of as many real images. The same command gives the same numbers, on wasm on any machine.',
    examples: [
      ['gradcast evaluate runs/RUN', '10,000 images, one judge: less than a minute'],
      ['gradcast evaluate runs/RUN --judge both --json', 'two judges, as JSON'],
      ['gradcast evaluate digits.npy', 'images from anywhere, uint8 [N, 28, 28]'],
      ['gradcast evaluate clothes.npy --data DIR', 'by the judges of the data set in a folder, Fashion-MNIST'],
    ],
  },
  verify: {
    usage: 'gradcast verify RUN [options]',
    summary: "prove from a run's folder that every sample was used as often as it should be",
    about:
      'Reads the ledger, the newest checkpoint and the summary of a run folder: the chain of lines must be intact, ' +
      'every step closed once, their ranges of the sample stream end to end, every micro-batch counted once, and the ' +
      'hashes alike. Exits 1 and names the first line and field that differ.',
    examples: [
      ['gradcast verify runs/RUN', 'the proof in one line'],
      ['gradcast verify runs/RUN --json', 'its numbers as JSON'],
    ],
  },
  replay: {
    usage: 'gradcast replay RUN --step T [options]',
    summary: 'compute a step of a run again and compare the bits',
    about:
      'Begins with the nearest kept checkpoint before the step, else with the initial state, computes every step up to ' +
      'it on this machine and compares average and state with the ledger. Exits 1 and names the first step and field ' +
      'that differ. Equal bits need the numeric profile of the run: backend, threads, library versions and processor.',
    examples: [
      ['gradcast replay runs/RUN --step 400', 'on the fastest backend'],
      ['gradcast replay runs/RUN --step 1 --backend wasm', 'on the one that the run used'],
    ],
  },
  doctor: {
    usage: 'gradcast doctor [options]',
    summary: 'show which backends run here and why others do not; --install fetches the fast one',
    about: 'Exits 0 if some backend runs here.',
    examples: [
      ['gradcast doctor', 'the table of backends, with remedies'],
      ['gradcast doctor --install', 'fetch and build the native TensorFlow library'],
      ['gradcast doctor --build-binding /opt/binding', 'in the build stage of an image'],
    ],
  },
  demo: {
    usage: 'gradcast demo [options]',
    summary: 'install, measure, and train for about two minutes',
    about:
      'Installs the native backend, times the first 20 steps with two workers, picks the number of steps that fits the ' +
      'time, and shows where the grid of generated digits is.',
    examples: [['gradcast demo --seconds 60', 'a shorter one']],
  },
};
