// Loaded before any TensorFlow library. Two things must happen before TensorFlow's static initialisers run, and
// JavaScript can do neither of them:
//
// - setenv: in a worker thread `process.env` is a copy that native getenv never sees;
// - keeping a notice that TensorFlow prints from such an initialiser, before any log level can be set, off the
//   terminal: what is written to stderr while the library loads is handed back, so that the caller can pass on
//   everything else.
#include <dlfcn.h>
#include <node_api.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

bool ReadString(napi_env env, napi_value value, std::string *out) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  out->resize(length + 1);
  if (napi_get_value_string_utf8(env, value, &(*out)[0], length + 1, &length) != napi_ok) return false;
  out->resize(length);
  return true;
}

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
  return exports;
}
