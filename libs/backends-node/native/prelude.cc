// Loaded before any TensorFlow library, for what JavaScript cannot do.
//
// Before TensorFlow's static initialisers run:
// - setenv: in a worker thread `process.env` is a copy that native getenv never sees;
// - keeping a notice that TensorFlow prints from such an initialiser, before any log level can be set, off the
//   terminal: what is written to stderr while the library loads is handed back, so that the caller can pass on
//   everything else.
//
// Before its first op:
// - telling whether a library is found that TensorFlow will open by its bare name, and which file that is;
// - switching TensorFloat-32 off, which TensorFlow decides by a variable of its own.
#include <dlfcn.h>
#ifdef __linux__
#include <link.h>
#endif
#include <node_api.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "read-string.h"

namespace {

using gradcast::ReadString;

// setEnvironment(name: string, value: string): void
napi_value SetEnvironment(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  std::string name, value;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count != 2 ||
      !ReadString(env, arguments[0], &name) || !ReadString(env, arguments[1], &value) ||
      setenv(name.c_str(), value.c_str(), 1) != 0) {
    napi_throw_type_error(env, nullptr, "setEnvironment takes a name and a value, both strings");
  }
  return nullptr;
}

// Runs dlopen with stderr going to a temporary file; without such a file stderr stays where it is.
void *OpenCapturing(const char *path, std::string *written) {
  std::fflush(stderr);
  std::FILE *file = std::tmpfile();
  const int saved = file ? dup(STDERR_FILENO) : -1;
  if (saved >= 0) dup2(fileno(file), STDERR_FILENO);
  void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (saved >= 0) {
    std::fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    std::rewind(file);
    char chunk[4096];
    for (size_t got; (got = std::fread(chunk, 1, sizeof chunk, file)) > 0;) written->append(chunk, got);
  }
  if (file) std::fclose(file);
  return handle;
}

// loadLibrary(path: string): string, what the library wrote to stderr meanwhile; it stays loaded for ever
napi_value LoadLibrary(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value arguments[1];
  std::string path, written;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count != 1 ||
      !ReadString(env, arguments[0], &path)) {
    napi_throw_type_error(env, nullptr, "loadLibrary takes a path");
    return nullptr;
  }
  if (!OpenCapturing(path.c_str(), &written)) {
    const char *reason = dlerror();
    napi_throw_error(env, nullptr, reason ? reason : "dlopen failed");
    return nullptr;
  }
  napi_value result = nullptr;
  napi_create_string_utf8(env, written.data(), written.size(), &result);
  return result;
}

// findLibrary(name: string): string | undefined, the file that TensorFlow gets when it opens that bare name; nothing is
// loaded for it. Where the system does not tell the file, the name itself.
napi_value FindLibrary(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value arguments[1];
  napi_value result = nullptr;
  std::string name;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count != 1 ||
      !ReadString(env, arguments[0], &name)) {
    napi_throw_type_error(env, nullptr, "findLibrary takes a name");
    return nullptr;
  }
  void *handle = dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
  if (!handle) return nullptr;
  std::string path = name;
#ifdef __linux__
  struct link_map *map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map) path = map->l_name;
#endif
  dlclose(handle);
  napi_create_string_utf8(env, path.data(), path.size(), &result);
  return result;
}

// disableTensorFloat32(framework: string): boolean, whether the loaded library has the switch and it is off now
napi_value DisableTensorFloat32(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value arguments[1];
  napi_value result = nullptr;
  std::string path;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count != 1 ||
      !ReadString(env, arguments[0], &path)) {
    napi_throw_type_error(env, nullptr, "disableTensorFloat32 takes the path of the framework library");
    return nullptr;
  }
  bool off = false;
  if (void *handle = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD)) {
    // tsl::enable_tensor_float_32_execution(bool) and tsl::tensor_float_32_execution_enabled(), which no header that the
    // wheel has declares.
    auto enable = reinterpret_cast<void (*)(bool)>(dlsym(handle, "_ZN3tsl32enable_tensor_float_32_executionEb"));
    auto enabled = reinterpret_cast<bool (*)()>(dlsym(handle, "_ZN3tsl33tensor_float_32_execution_enabledEv"));
    if (enable && enabled) {
      enable(false);
      off = !enabled();
    }
    dlclose(handle);
  }
  napi_get_boolean(env, off, &result);
  return result;
}

void Export(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) == napi_ok) {
    napi_set_named_property(env, exports, name, function);
  }
}

}  // namespace

NAPI_MODULE_INIT() {
  Export(env, exports, "setEnvironment", SetEnvironment);
  Export(env, exports, "loadLibrary", LoadLibrary);
  Export(env, exports, "findLibrary", FindLibrary);
  Export(env, exports, "disableTensorFloat32", DisableTensorFloat32);
  return exports;
}
