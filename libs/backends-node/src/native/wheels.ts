/**
 * Which files make the native backend on which platform: one pinned set of wheels per platform and variant.
 *
 * Hashes are those that the Python package index publishes; a wheel with any other bytes is refused.
 */
import { nativeError } from './errors.ts';

/** TensorFlow release whose library is used. */
export const TENSORFLOW_VERSION = '2.21.0';

/** The same library for the processor only, or with CUDA kernels beside NVIDIA's own libraries. */
export type NativeVariant = 'cpu' | 'cuda';

/** One pinned file of the package index. */
export interface Wheel {
  /** Name in the package index. */
  readonly distribution: string;
  readonly version: string;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** What to fetch, and how the libraries are called once unpacked. */
export interface WheelSet {
  readonly variant: NativeVariant;
  /** As Node says it, for example `linux-x64`. */
  readonly platform: string;
  /** pip's platform tags that the wheels carry; pip matches each exactly. */
  readonly tags: readonly string[];
  readonly wheels: readonly Wheel[];
  /** File names inside `site-packages/tensorflow`. */
  readonly library: string;
  readonly framework: string;
  /**
   * NVIDIA's libraries that TensorFlow opens by their bare names, below `site-packages`, each after those that it needs. Its
   * own run path does not lead to all of them. Seen with `LD_DEBUG=libs`; what only several GPUs need is not among them.
   */
  readonly opens: readonly string[];
  /** Whether a run on such a machine has shown that the set works. */
  readonly run: 'run' | 'not yet run';
}

const linux = { library: 'libtensorflow_cc.so.2', framework: 'libtensorflow_framework.so.2', opens: [] };
const mac = { library: 'libtensorflow_cc.2.dylib', framework: 'libtensorflow_framework.2.dylib', opens: [] };

function tensorflow(distribution: string, tag: string, sha256: string, bytes: number): Wheel {
  const file = `${distribution.replace('-', '_')}-${TENSORFLOW_VERSION}-cp312-cp312-${tag}.whl`;
  return { distribution, version: TENSORFLOW_VERSION, file, sha256, bytes };
}

function nvidia(part: string, version: string, tag: string, sha256: string, bytes: number): Wheel {
  const distribution = `nvidia-${part}-cu12`;
  const file = `${distribution.replaceAll('-', '_')}-${version}-py3-none-${tag}.whl`;
  return { distribution, version, file, sha256, bytes };
}

const tag227 = 'manylinux_2_27_x86_64';
const tag2014 = 'manylinux2014_x86_64.manylinux_2_17_x86_64';
const tag2010 = 'manylinux2010_x86_64.manylinux_2_12_x86_64';

/** Every set there is. `not yet run` says that nobody has seen that row work. */
export const WHEEL_SETS: readonly WheelSet[] = [
  {
    variant: 'cpu',
    platform: 'linux-x64',
    tags: [tag227],
    wheels: [
      tensorflow(
        'tensorflow-cpu',
        tag227,
        'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
        274000871,
      ),
    ],
    ...linux,
    run: 'run',
  },
  {
    variant: 'cpu',
    platform: 'linux-arm64',
    tags: ['manylinux_2_27_aarch64'],
    wheels: [
      tensorflow(
        'tensorflow',
        'manylinux_2_27_aarch64',
        'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552',
        281946471,
      ),
    ],
    ...linux,
    run: 'not yet run',
  },
  {
    variant: 'cpu',
    platform: 'darwin-arm64',
    tags: ['macosx_12_0_arm64'],
    wheels: [
      tensorflow(
        'tensorflow',
        'macosx_12_0_arm64',
        '56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712',
        223488205,
      ),
    ],
    ...mac,
    run: 'not yet run',
  },
  {
    variant: 'cuda',
    platform: 'linux-x64',
    tags: [tag227, 'manylinux_2_25_x86_64', 'manylinux_2_17_x86_64', 'manylinux_2_12_x86_64'],
    wheels: [
      tensorflow('tensorflow', tag227, 'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0', 572611111),
      nvidia(
        'cublas',
        '12.9.3.13',
        tag227,
        'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
        581217458,
      ),
      nvidia(
        'cuda-cupti',
        '12.9.79',
        'manylinux_2_25_x86_64',
        '096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f',
        10814997,
      ),
      nvidia(
        'cuda-nvcc',
        '12.9.86',
        tag2010,
        '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
        40546229,
      ),
      nvidia(
        'cuda-nvrtc',
        '12.9.86',
        tag2010,
        '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
        89568129,
      ),
      nvidia(
        'cuda-runtime',
        '12.9.79',
        tag2014,
        '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
        3493179,
      ),
      nvidia(
        'cudnn',
        '9.28.0.42',
        tag227,
        '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
        716538495,
      ),
      nvidia(
        'cufft',
        '11.4.1.4',
        tag2014,
        'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
        200877592,
      ),
      nvidia(
        'curand',
        '10.3.10.19',
        tag227,
        '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
        68295626,
      ),
      nvidia(
        'cusolver',
        '11.7.5.82',
        tag227,
        '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
        338117415,
      ),
      nvidia(
        'cusparse',
        '12.5.10.65',
        tag2014,
        '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
        366465088,
      ),
      nvidia('nccl', '2.32.3', tag227, 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c', 351526311),
      nvidia(
        'nvjitlink',
        '12.9.86',
        tag2010,
        'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
        39748338,
      ),
    ],
    ...linux,
    opens: [
      'nvidia/cuda_runtime/lib/libcudart.so.12',
      'nvidia/cuda_nvrtc/lib/libnvrtc.so.12',
      'nvidia/nvjitlink/lib/libnvJitLink.so.12',
      'nvidia/cublas/lib/libcublasLt.so.12',
      'nvidia/cublas/lib/libcublas.so.12',
      'nvidia/cusparse/lib/libcusparse.so.12',
      'nvidia/cusolver/lib/libcusolver.so.11',
      'nvidia/cufft/lib/libcufft.so.11',
      'nvidia/cuda_cupti/lib/libcupti.so.12',
      'nvidia/nccl/lib/libnccl.so.2',
      'nvidia/cudnn/lib/libcudnn.so.9',
    ],
    run: 'not yet run',
  },
];

/** A machine as far as the choice of wheels goes. `libc` is only asked for on Linux. */
export interface Machine {
  readonly os: string;
  readonly arch: string;
  readonly libc: 'glibc' | 'other';
}

/** Tells what this machine is. Node's own report names the glibc it runs on; on musl that field is missing. */
export function thisMachine(): Machine {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const glibc = process.platform !== 'linux' || report.header?.glibcVersionRuntime !== undefined;
  return { os: process.platform, arch: process.arch, libc: glibc ? 'glibc' : 'other' };
}

/**
 * The wheels for a machine.
 *
 * @throws BackendError `platform-unsupported` if nobody publishes a library for it.
 */
export function wheelsFor(machine: Machine, variant: NativeVariant): WheelSet {
  const platform = `${machine.os}-${machine.arch}`;
  const available = WHEEL_SETS.filter((set) => set.variant === variant);
  const set = available.find((candidate) => candidate.platform === platform);
  if (!set) {
    throw nativeError(
      'platform-unsupported',
      `there is no native TensorFlow (${variant}) for ${platform}, only for ${available.map((s) => s.platform).join(', ')}`,
      'use --backend webgpu or --backend wasm',
    );
  }
  if (machine.os === 'linux' && machine.libc !== 'glibc') {
    throw nativeError(
      'platform-unsupported',
      'native TensorFlow needs glibc, which this Linux (musl, as Alpine has) does not',
      'use a Debian, Ubuntu or Fedora image, or --backend wasm',
    );
  }
  return set;
}

/** Bytes that a set downloads. */
export function downloadBytes(set: WheelSet): number {
  return set.wheels.reduce((sum, wheel) => sum + wheel.bytes, 0);
}
