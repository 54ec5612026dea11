/**
 * An installation in miniature, really compiled: the layout of CUDA's wheels, and a framework library that opens one of
 * theirs by its bare name while it loads, without a run path that leads there.
 *
 * Names are new each time: a library stays in the process for ever, and whoever asks for its name gets it.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { nativeSources, openedPaths, type NativePaths } from './cache.ts';
import { findToolchain } from './toolchain.ts';
import { WHEEL_SETS, type WheelSet } from './wheels.ts';

export interface FakeInstallation {
  readonly set: WheelSet;
  readonly paths: Pick<NativePaths, 'folder' | 'prelude' | 'opens' | 'framework' | 'library' | 'binding'>;
  /** Compiles a shared library from C++ to a path below `site-packages`. */
  compile(path: string, source: string, args?: readonly string[]): Promise<void>;
  remove(): Promise<void>;
}

/** What the binding of the fake exports. */
export interface FakeBinding {
  /** Whether the framework got the library that it opened. */
  readonly found: boolean;
  /** Whether products may be rounded to TensorFloat-32. */
  readonly tensorFloat32: boolean;
}

const FLOAT_32_SWITCH = `
namespace tsl {
bool on = true;
__attribute__((visibility("default"))) void enable_tensor_float_32_execution(bool enabled) { on = enabled; }
__attribute__((visibility("default"))) bool tensor_float_32_execution_enabled() { return on; }
}
extern "C" bool tensor_float_32() { return tsl::on; }
`;
const NO_FLOAT_32_SWITCH = 'extern "C" bool tensor_float_32() { return true; }\n';

function framework(opens: string): string {
  return `
#include <dlfcn.h>
#include <cstdio>
static bool found = false;
__attribute__((constructor)) static void open() {
  std::fputs("WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\\n", stderr);
  found = dlopen("${opens}", RTLD_LAZY | RTLD_LOCAL) != nullptr;
  if (!found) std::fputs("Cannot dlopen some GPU libraries\\n", stderr);
}
extern "C" bool has_found() { return found; }
`;
}

const BINDING = `
#include <node_api.h>
extern "C" bool has_found();
extern "C" bool tensor_float_32();
static void set(napi_env env, napi_value exports, const char *name, bool value) {
  napi_value result;
  napi_get_boolean(env, value, &result);
  napi_set_named_property(env, exports, name, result);
}
NAPI_MODULE_INIT() {
  set(env, exports, "found", has_found());
  set(env, exports, "tensorFloat32", tensor_float_32());
  return exports;
}
`;

const run = promisify(execFile);
let made = 0;

/** Compiles the installation; takes some seconds. The caller removes it. */
export async function fakeInstallation({ float32Switch = true } = {}): Promise<FakeInstallation> {
  const folder = await mkdtemp(join(tmpdir(), 'gradcast-installation-'));
  const { compiler: toolchain } = await findToolchain(process.env);
  const common = ['-std=c++17', '-fPIC', '-shared', '-DNAPI_VERSION=8', `-I${toolchain!.nodeHeaders}`];
  const build = (output: string, args: readonly string[]) =>
    run(toolchain!.compiler, [...common, '-o', output, ...args, '-ldl']);
  const compile = async (path: string, source: string, args: readonly string[] = []) => {
    const output = join(folder, 'site-packages', path);
    await mkdir(dirname(output), { recursive: true });
    await writeFile(`${output}.cc`, source);
    await build(output, [`-Wl,-soname,${basename(path)}`, `${output}.cc`, ...args]);
  };
  made += 1;
  const mark = `${process.pid}_${made}_${Date.now().toString(36)}`;
  const base = `nvidia/base/lib/libfakebase${mark}.so.12`;
  const solver = `nvidia/solver/lib/libfakesolver${mark}.so.11`;
  const set: WheelSet = {
    ...WHEEL_SETS.find(({ variant }) => variant === 'cuda')!,
    wheels: [],
    library: `libfakecc${mark}.so.2`,
    framework: `libfakeframework${mark}.so.2`,
    opens: [base, solver],
  };
  const tensorflow = join(folder, 'site-packages', 'tensorflow');
  const paths = {
    folder,
    prelude: join(folder, 'prelude.node'),
    binding: join(folder, 'tfjs_binding.node'),
    opens: openedPaths(set, folder),
    framework: join(tensorflow, set.framework),
    library: join(tensorflow, set.library),
  };
  const source = framework(basename(solver)) + (float32Switch ? FLOAT_32_SWITCH : NO_FLOAT_32_SWITCH);
  await Promise.all([
    build(paths.prelude, [join(nativeSources(), 'prelude.cc')]),
    compile(base, 'extern "C" int base() { return 1; }\n').then(() =>
      compile(solver, 'extern "C" int base();\nextern "C" int solve() { return base(); }\n', [paths.opens[0]]),
    ),
    compile(`tensorflow/${set.framework}`, source),
    compile(`tensorflow/${set.library}`, 'extern "C" int cc() { return 1; }\n'),
  ]);
  await writeFile(`${paths.binding}.cc`, BINDING);
  await build(paths.binding, [`${paths.binding}.cc`, paths.framework]);
  return { set, paths, compile, remove: () => rm(folder, { recursive: true }) };
}
