/**
 * `gradcast doctor`: which backends run on this machine, why the others do not, and what to do about it. With
 * `--install` it first brings the native library.
 */
import {
  candidatesFor,
  diagnose,
  type BackendRequest,
  type ChooseOptions,
  type Diagnosis,
  type DiagnosisTable,
  type GpuLister,
} from '@gradcast/backends-node';
import { BackendError } from '@gradcast/engine';
import { labelOf } from '@gradcast/protocol';
import { buildForDoctor, installForDoctor, type BindingBuilder, type Installer } from './doctor-install.ts';
import { renderTable } from './doctor-table.ts';

export interface DoctorOptions {
  readonly install: boolean;
  readonly backend: BackendRequest;
  /** Accepts large downloads and their licences without asking. */
  readonly yes: boolean;
  /** Prints one JSON object on standard output instead of the table; everything else goes to standard error. */
  readonly json: boolean;
  /** Folder into which the binding is compiled, and nothing else done. */
  readonly buildBinding?: string | null;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdout?: Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean };
  readonly stderr?: Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean };
  /** Asks a yes-or-no question; absent where nobody can answer. */
  readonly ask?: ((question: string) => Promise<boolean>) | undefined;
  /** Replace the real things, for tests. */
  readonly diagnosis?: (options: ChooseOptions) => Promise<DiagnosisTable>;
  readonly installer?: Installer;
  readonly bindingBuilder?: BindingBuilder;
  readonly gpuLister?: GpuLister;
  readonly signal?: AbortSignal;
}

type BuildOptions = Parameters<typeof buildForDoctor>[1] & Required<Pick<DoctorOptions, 'stderr'>>;

/**
 * Runs the command.
 *
 * @returns the exit code: 0 if some backend works (with `--backend X`: if X works), 1 otherwise, when a pinned file had
 *   the wrong hash, or when an installed CUDA library sees no GPU although a driver is loaded; 130 when interrupted.
 */
export async function runDoctor(options: DoctorOptions): Promise<number> {
  const { env = process.env, stdout = process.stdout, stderr = process.stderr, json } = options;
  const talk = json ? stderr : stdout;
  if (options.buildBinding) return buildOnly(options.buildBinding, { ...options, env, talk, stderr });
  let note = '';
  if (options.install) {
    try {
      note = await installForDoctor({ ...options, env, talk });
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      const sentence = `native TensorFlow was not installed: ${error.message}`;
      if (error.code === 'wheel-hash-mismatch' || error.code === 'install-interrupted') {
        stderr.write(`${sentence}\n  ${error.remedy}\n`);
        return error.code === 'install-interrupted' ? 130 : 1;
      }
      note = `${sentence}\n  ${error.remedy}`;
    }
  }
  const table = await (options.diagnosis ?? diagnose)({ env });
  const takes = taken(table.rows, options.backend);
  if (json)
    stdout.write(`${JSON.stringify({ rows: table.rows, gpus: table.gpus, takes: takes?.candidate ?? null, note })}\n`);
  else stdout.write(renderTable(table.rows));
  if (note !== '') talk.write(`${note}\n`);
  talk.write(`${verdict(options.backend, takes)}\n`);
  if (table.brokenCuda) {
    stderr.write('an NVIDIA driver is loaded, but TensorFlow with CUDA cannot use any GPU: see the row cuda\n');
    return 1;
  }
  return takes ? 0 : 1;
}

/** @returns the exit code: an image without the binding is of no use, so whatever fails is an error. */
async function buildOnly(folder: string, options: BuildOptions): Promise<number> {
  try {
    await buildForDoctor(folder, options);
    return 0;
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    options.stderr.write(`the binding was not compiled: ${error.message}\n  ${error.remedy}\n`);
    return error.code === 'install-interrupted' ? 130 : 1;
  }
}

/** The row that a run with this `--backend` would compute on. */
function taken(rows: readonly Diagnosis[], backend: DoctorOptions['backend']): Diagnosis | undefined {
  if (backend === 'auto') return rows.find(({ available, automatic }) => available && automatic);
  const wanted = candidatesFor(backend);
  return rows.find(({ candidate, available }) => available && wanted.includes(candidate));
}

function verdict(backend: DoctorOptions['backend'], row: Diagnosis | undefined): string {
  if (row) return `--backend ${backend} takes ${row.candidate} (${labelOf(row.device)}).`;
  return backend === 'auto' ? 'No backend runs here.' : `--backend ${backend} cannot run here.`;
}
