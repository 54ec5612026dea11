/** The `--install` half of `gradcast doctor`: which library to bring, consent for large ones, progress on screen. */
import {
  buildBindingFolder,
  cacheFolder,
  candidatesFor,
  downloadBytes,
  factsOf,
  installNative,
  isTensorflowInstalled,
  listGpus,
  thisMachine,
  wheelsFor,
  type BackendRequest,
  type GpuLister,
  type Installation,
  type InstallOptions,
  type InstallProgress,
  type NativeVariant,
} from '@gradcast/backends-node';

export type Installer = (options: InstallOptions) => Promise<Installation>;

export type BindingBuilder = typeof buildBindingFolder;

export interface DoctorInstallOptions {
  readonly backend: BackendRequest;
  readonly yes: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly talk: Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean };
  readonly ask?: ((question: string) => Promise<boolean>) | undefined;
  readonly installer?: Installer;
  readonly gpuLister?: GpuLister;
  readonly signal?: AbortSignal;
}

const LICENCE = 'https://docs.nvidia.com/cuda/eula/';

/**
 * Installs what the backend needs.
 *
 * @returns a sentence for the end of the output, empty when there is nothing to add.
 * @throws BackendError as `installNative` does.
 */
export async function installForDoctor(options: DoctorInstallOptions): Promise<string> {
  const { backend, env, talk, installer = installNative, signal } = options;
  if (!candidatesFor(backend).some((candidate) => factsOf(candidate).isNative))
    return `${backend} needs nothing to be installed`;
  const { variant, note } = await variantFor(options);
  const progress = progressLines(talk);
  const began = performance.now();
  const { folder, installed } = await installer({
    variant,
    env,
    onProgress: progress.show,
    ...(signal ? { signal } : {}),
  }).finally(progress.end);
  if (!installed) talk.write(`native TensorFlow (${variant}) is in ${folder}\n`);
  else talk.write(`installed native TensorFlow (${variant}) in ${folder} in ${seconds(performance.now() - began)}\n`);
  return note;
}

/**
 * Compiles the binding into a folder.
 *
 * @throws BackendError as `buildBindingFolder` does.
 */
export async function buildForDoctor(
  folder: string,
  {
    env,
    talk,
    signal,
    bindingBuilder = buildBindingFolder,
  }: Pick<DoctorInstallOptions, 'env' | 'talk' | 'signal'> & { readonly bindingBuilder?: BindingBuilder },
): Promise<void> {
  const progress = progressLines(talk);
  const began = performance.now();
  const made = await bindingBuilder(folder, {
    env,
    onProgress: progress.show,
    ...(signal ? { signal } : {}),
  }).finally(progress.end);
  talk.write(`compiled the binding into ${made} in ${seconds(performance.now() - began)}\n`);
}

/** CUDA where a driver is and its owner agrees to the download; the processor's library otherwise. */
async function variantFor(options: DoctorInstallOptions): Promise<{ variant: NativeVariant; note: string }> {
  const { backend, yes, env, ask, gpuLister = listGpus } = options;
  const { gpus } = await gpuLister(env);
  if (gpus.length === 0 && backend !== 'cuda') return { variant: 'cpu', note: '' };
  const set = wheelsFor(thisMachine(), 'cuda');
  const size = `${(downloadBytes(set) / 1e9).toFixed(1)} GB`;
  if (yes || isTensorflowInstalled('cuda', cacheFolder(env))) return { variant: 'cuda', note: '' };
  const question = `Download TensorFlow with CUDA, ${size}, NVIDIA's files under NVIDIA's licence (${LICENCE})?`;
  if (ask && (await ask(question))) return { variant: 'cuda', note: '' };
  return {
    variant: 'cpu',
    note: `CUDA was not installed: its ${size} under NVIDIA's licence (${LICENCE}) need --yes`,
  };
}

/** On a terminal one line that is rewritten; elsewhere a line for each step and each tenth of the download. */
function progressLines(talk: DoctorInstallOptions['talk']): {
  show: (progress: InstallProgress) => void;
  end: () => void;
} {
  let last = '';
  let open = false;
  const show = (progress: InstallProgress) => {
    const text = sentenceOf(progress, talk.isTTY === true ? 1 : 10);
    if (text === last) return;
    last = text;
    open = talk.isTTY === true;
    talk.write(open ? `\r\x1b[K${text}` : `${text}\n`);
  };
  const end = () => {
    if (open) talk.write('\n');
    open = false;
  };
  return { show, end };
}

function sentenceOf(progress: InstallProgress, granularity: number): string {
  switch (progress.stage) {
    case 'waiting':
      return 'another installation is under way, waiting for it';
    case 'download': {
      const percent = Math.floor((100 * progress.bytes) / progress.totalBytes / granularity) * granularity;
      return `downloading native TensorFlow: ${percent} % of ${(progress.totalBytes / 1e6).toFixed(0)} MB`;
    }
    case 'unpack':
      return `unpacking ${progress.file}`;
    case 'build':
      return 'compiling the binding';
    default:
      return progress satisfies never;
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(0)} s`;
}
