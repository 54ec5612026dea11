// Compiled into the binding: graphs as functions of its own eager context.
//
// A session takes its inputs from the host's memory and returns its outputs there. A function that is called in the eager
// context takes and gives tensors where they are, so nothing crosses the bus between upload and read-back.
//
// What goes up goes through memory that TensorFlow allocates on the host: where there is a GPU the context is told to take
// pinned memory there (force_gpu_compatible), which the GPU fetches from by itself.
#include <dlfcn.h>
#include <node_api.h>

#include <cstring>
#include <string>
#include <vector>

#include "binding/tf_auto_status.h"
#include "binding/tf_auto_tensor.h"
#include "binding/tfe_auto_op.h"
#include "binding/tfjs_backend.h"
#include "tensorflow/c/c_api.h"
#include "tensorflow/c/eager/c_api.h"

#include "read-string.h"

namespace tfnodejs {

namespace {

using gradcast::ReadString;

constexpr size_t kMostArguments = 5;

napi_value Fail(napi_env env, const std::string &what, TF_Status *status) {
  napi_throw_error(env, nullptr, (what + ": " + TF_Message(status)).c_str());
  return nullptr;
}

napi_value Misused(napi_env env, const char *usage) {
  napi_throw_type_error(env, nullptr, usage);
  return nullptr;
}

bool Arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *arguments) {
  size_t count = kMostArguments;
  return napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) == napi_ok && count == wanted;
}

bool ReadStrings(napi_env env, napi_value value, std::vector<std::string> *out) {
  uint32_t length = 0;
  if (napi_get_array_length(env, value, &length) != napi_ok) return false;
  out->resize(length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    if (napi_get_element(env, value, i, &element) != napi_ok || !ReadString(env, element, &(*out)[i])) return false;
  }
  return true;
}

// The first outputs of the ops of these names; false if the graph lacks one.
bool FirstOutputs(TF_Graph *graph, const std::vector<std::string> &names, std::vector<TF_Output> *out) {
  for (const std::string &name : names) {
    TF_Operation *operation = TF_GraphOperationByName(graph, name.c_str());
    if (!operation) return false;
    out->push_back({operation, 0});
  }
  return true;
}

// A graph and what is made from it, freed together.
struct GraphBody {
  TF_Graph *graph = TF_NewGraph();
  TF_Function *function = nullptr;
  ~GraphBody() {
    if (function) TF_DeleteFunction(function);
    TF_DeleteGraph(graph);
  }
};

// What the CUDA driver says of an address on the host: whether it is pinned, or nothing where no driver is loaded.
enum class Pinned { kUnknown, kNo, kYes };

Pinned PinnedAt(const void *address) {
  // Enumerators of cuda.h.
  constexpr int kMemoryTypeAttribute = 2;
  constexpr unsigned int kHostMemory = 1;
  void *driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
  if (!driver) return Pinned::kUnknown;
  auto attribute =
      reinterpret_cast<int (*)(void *, int, unsigned long long)>(dlsym(driver, "cuPointerGetAttribute"));
  unsigned int type = 0;
  // It knows nothing of pageable memory and says that with an error.
  const bool pinned = attribute &&
                      attribute(&type, kMemoryTypeAttribute, reinterpret_cast<unsigned long long>(address)) == 0 &&
                      type == kHostMemory;
  dlclose(driver);
  return pinned ? Pinned::kYes : Pinned::kNo;
}

// Serialized AttrValue { b: true }.
constexpr char kTrue[] = {0x28, 0x01};

}  // namespace

// Has access to the context and the tensors of a backend.
struct Functions {
  static TFJSBackend *BackendOf(napi_env env) {
    void *data = nullptr;
    if (napi_get_instance_data(env, &data) != napi_ok || !data) napi_throw_error(env, nullptr, "there is no backend");
    return static_cast<TFJSBackend *>(data);
  }

  // addFunction(graph: Uint8Array, name: string, inputs: string[], outputs: string[], xla: boolean): void
  // Makes a GraphDef callable. Inputs and outputs are names of ops; with xla it is one program of XLA's.
  static napi_value Add(napi_env env, napi_callback_info info) {
    napi_value arguments[kMostArguments];
    napi_typedarray_type type;
    size_t length = 0;
    void *bytes = nullptr;
    std::string name;
    std::vector<std::string> inputs, outputs;
    bool xla = false;
    if (!Arguments(env, info, 5, arguments) ||
        napi_get_typedarray_info(env, arguments[0], &type, &length, &bytes, nullptr, nullptr) != napi_ok ||
        type != napi_uint8_array || !ReadString(env, arguments[1], &name) ||
        !ReadStrings(env, arguments[2], &inputs) || !ReadStrings(env, arguments[3], &outputs) ||
        napi_get_value_bool(env, arguments[4], &xla) != napi_ok) {
      return Misused(env, "addFunction takes a graph, a name, names of inputs and outputs, and whether XLA compiles it");
    }
    TFJSBackend *backend = BackendOf(env);
    if (!backend) return nullptr;
    TF_AutoStatus status;
    GraphBody body;
    TF_Buffer *buffer = TF_NewBufferFromString(bytes, length);
    TF_ImportGraphDefOptions *options = TF_NewImportGraphDefOptions();
    TF_GraphImportGraphDef(body.graph, buffer, options, status.status);
    TF_DeleteImportGraphDefOptions(options);
    TF_DeleteBuffer(buffer);
    if (TF_GetCode(status.status) != TF_OK) return Fail(env, "TensorFlow refuses the graph", status.status);
    std::vector<TF_Output> fed, fetched;
    if (!FirstOutputs(body.graph, inputs, &fed) || !FirstOutputs(body.graph, outputs, &fetched)) {
      return Misused(env, "addFunction was told of an input or output that the graph lacks");
    }
    body.function = TF_GraphToFunction(body.graph, name.c_str(), 0, -1, nullptr, static_cast<int>(fed.size()),
                                       fed.data(), static_cast<int>(fetched.size()), fetched.data(), nullptr, nullptr,
                                       nullptr, status.status);
    if (TF_GetCode(status.status) != TF_OK) return Fail(env, "the graph makes no function", status.status);
    if (xla) {
      TF_FunctionSetAttrValueProto(body.function, "_XlaMustCompile", kTrue, sizeof kTrue, status.status);
      if (TF_GetCode(status.status) != TF_OK) return Fail(env, "the function cannot be marked for XLA", status.status);
    }
    TFE_ContextAddFunction(backend->tfe_context_, body.function, status.status);
    if (TF_GetCode(status.status) != TF_OK) return Fail(env, "the context refuses the function", status.status);
    return nullptr;
  }

  // removeFunction(name: string): void
  static napi_value Remove(napi_env env, napi_callback_info info) {
    napi_value arguments[kMostArguments];
    std::string name;
    if (!Arguments(env, info, 1, arguments) || !ReadString(env, arguments[0], &name)) {
      return Misused(env, "removeFunction takes a name");
    }
    TFJSBackend *backend = BackendOf(env);
    if (!backend) return nullptr;
    TF_AutoStatus status;
    TFE_ContextRemoveFunction(backend->tfe_context_, name.c_str(), status.status);
    if (TF_GetCode(status.status) != TF_OK) return Fail(env, "the function cannot be removed", status.status);
    return nullptr;
  }

  // callFunction(name: string, inputs: number[]): number, the id of its one output, which lies on the backend's device
  static napi_value Call(napi_env env, napi_callback_info info) {
    napi_value arguments[kMostArguments];
    std::string name;
    uint32_t count = 0;
    if (!Arguments(env, info, 2, arguments) || !ReadString(env, arguments[0], &name) ||
        napi_get_array_length(env, arguments[1], &count) != napi_ok) {
      return Misused(env, "callFunction takes a name and ids of tensors");
    }
    TFJSBackend *backend = BackendOf(env);
    if (!backend) return nullptr;
    TF_AutoStatus status;
    TFE_AutoOp op(TFE_NewOp(backend->tfe_context_, name.c_str(), status.status));
    if (TF_GetCode(status.status) != TF_OK) return Fail(env, "there is no such function", status.status);
    TFE_OpSetDevice(op.op, backend->device_name.c_str(), status.status);
    if (TF_GetCode(status.status) != TF_OK) return Fail(env, "the function cannot be placed", status.status);
    for (uint32_t i = 0; i < count; i++) {
      napi_value element;
      TFE_TensorHandle *handle = nullptr;
      if (napi_get_element(env, arguments[1], i, &element) != napi_ok) return nullptr;
      if (!(handle = HandleOf(env, backend, element))) return nullptr;
      TFE_OpAddInput(op.op, handle, status.status);
      if (TF_GetCode(status.status) != TF_OK) return Fail(env, "the function refuses an input", status.status);
    }
    TFE_TensorHandle *output = nullptr;
    int outputs = 1;
    TFE_Execute(op.op, &output, &outputs, status.status);
    if (TF_GetCode(status.status) != TF_OK) return Fail(env, "the function does not run", status.status);
    napi_value id = nullptr;
    napi_create_int32(env, backend->InsertHandle(output), &id);
    return id;
  }

  // readTensor(id: number, targets: Float32Array[]): void
  // Waits for a tensor of floats and copies its elements into the targets, one behind the other.
  static napi_value Read(napi_env env, napi_callback_info info) {
    napi_value arguments[kMostArguments];
    uint32_t count = 0;
    if (!Arguments(env, info, 2, arguments) || napi_get_array_length(env, arguments[1], &count) != napi_ok) {
      return Misused(env, "readTensor takes the id of a tensor and arrays of floats");
    }
    TFJSBackend *backend = BackendOf(env);
    if (!backend) return nullptr;
    TFE_TensorHandle *handle = HandleOf(env, backend, arguments[0]);
    if (!handle) return nullptr;
    TF_AutoStatus status;
    TF_Tensor *resolved = TFE_TensorHandleResolve(handle, status.status);
    if (TF_GetCode(status.status) != TF_OK) return Fail(env, "the tensor cannot be read", status.status);
    TF_AutoTensor tensor(resolved);
    if (TF_TensorType(resolved) != TF_FLOAT) return Misused(env, "readTensor reads floats only");
    const float *source = static_cast<const float *>(TF_TensorData(resolved));
    size_t left = TF_TensorByteSize(resolved) / sizeof(float);
    for (uint32_t i = 0; i < count; i++) {
      napi_value element;
      napi_typedarray_type type;
      size_t length = 0;
      void *data = nullptr;
      if (napi_get_element(env, arguments[1], i, &element) != napi_ok ||
          napi_get_typedarray_info(env, element, &type, &length, &data, nullptr, nullptr) != napi_ok ||
          type != napi_float32_array || length > left) {
        return Misused(env, "readTensor takes arrays of floats that are no longer than the tensor");
      }
      if (length > 0) std::memcpy(data, source, length * sizeof(float));
      source += length;
      left -= length;
    }
    return nullptr;
  }

  // createStaging(length: number): number, the id of a tensor of so many floats in the host's memory, for uploads
  static napi_value CreateStaging(napi_env env, napi_callback_info info) {
    napi_value arguments[kMostArguments];
    int32_t length = 0;
    if (!Arguments(env, info, 1, arguments) || napi_get_value_int32(env, arguments[0], &length) != napi_ok ||
        length < 1) {
      return Misused(env, "createStaging takes a number of floats");
    }
    TFJSBackend *backend = BackendOf(env);
    if (!backend) return nullptr;
    TF_AutoStatus status;
    const int64_t one = 1;
    TF_AutoTensor shape(TF_AllocateTensor(TF_INT32, &one, 1, sizeof length));
    std::memcpy(TF_TensorData(shape.tensor), &length, sizeof length);
    TFE_TensorHandle *dimensions = TFE_NewTensorHandle(shape.tensor, status.status);
    if (TF_GetCode(status.status) != TF_OK) return Fail(env, "a shape cannot be told", status.status);
    TFE_AutoOp op(TFE_NewOp(backend->tfe_context_, "Empty", status.status));
    if (TF_GetCode(status.status) == TF_OK) TFE_OpSetDevice(op.op, "/device:CPU:0", status.status);
    if (TF_GetCode(status.status) == TF_OK) TFE_OpAddInput(op.op, dimensions, status.status);
    TFE_TensorHandle *memory = nullptr;
    if (TF_GetCode(status.status) == TF_OK) {
      TFE_OpSetAttrType(op.op, "dtype", TF_FLOAT);
      TFE_OpSetAttrBool(op.op, "init", 1);
      int outputs = 1;
      TFE_Execute(op.op, &memory, &outputs, status.status);
    }
    TFE_DeleteTensorHandle(dimensions);
    if (TF_GetCode(status.status) != TF_OK) return Fail(env, "memory for uploads cannot be had", status.status);
    napi_value id = nullptr;
    napi_create_int32(env, backend->InsertHandle(memory), &id);
    return id;
  }

  // upload(staging: number, values: Float32Array): number, the id of a tensor on the backend's device
  // Where the device is the host the tensor lies over the staging memory: it has to be deleted before the next upload.
  static napi_value Upload(napi_env env, napi_callback_info info) {
    napi_value arguments[kMostArguments];
    napi_typedarray_type type;
    size_t length = 0;
    void *values = nullptr;
    if (!Arguments(env, info, 2, arguments) ||
        napi_get_typedarray_info(env, arguments[1], &type, &length, &values, nullptr, nullptr) != napi_ok ||
        type != napi_float32_array) {
      return Misused(env, "upload takes the id of a staging tensor and an array of floats");
    }
    TFJSBackend *backend = BackendOf(env);
    if (!backend) return nullptr;
    TFE_TensorHandle *staging = HandleOf(env, backend, arguments[0]);
    if (!staging) return nullptr;
    TF_AutoStatus status;
    // Shares the handle's memory, which nobody else reads or writes.
    TF_Tensor *resolved = TFE_TensorHandleResolve(staging, status.status);
    if (TF_GetCode(status.status) != TF_OK) return Fail(env, "memory for uploads cannot be reached", status.status);
    TF_AutoTensor memory(resolved);
    if (TF_TensorByteSize(resolved) != length * sizeof(float)) {
      return Misused(env, "upload takes as many floats as its staging tensor has");
    }
    std::memcpy(TF_TensorData(resolved), values, length * sizeof(float));
    // Waits until the device has them.
    TFE_TensorHandle *there =
        TFE_TensorHandleCopyToDevice(staging, backend->tfe_context_, backend->device_name.c_str(), status.status);
    if (TF_GetCode(status.status) != TF_OK) return Fail(env, "the device takes no upload", status.status);
    napi_value id = nullptr;
    napi_create_int32(env, backend->InsertHandle(there), &id);
    return id;
  }

  // isPinned(staging: number): boolean | undefined, whether the CUDA driver knows its memory as pinned
  static napi_value IsPinned(napi_env env, napi_callback_info info) {
    napi_value arguments[kMostArguments];
    if (!Arguments(env, info, 1, arguments)) return Misused(env, "isPinned takes the id of a staging tensor");
    TFJSBackend *backend = BackendOf(env);
    if (!backend) return nullptr;
    TFE_TensorHandle *staging = HandleOf(env, backend, arguments[0]);
    if (!staging) return nullptr;
    TF_AutoStatus status;
    TF_Tensor *resolved = TFE_TensorHandleResolve(staging, status.status);
    if (TF_GetCode(status.status) != TF_OK) return Fail(env, "memory for uploads cannot be reached", status.status);
    TF_AutoTensor memory(resolved);
    const Pinned pinned = PinnedAt(TF_TensorData(resolved));
    napi_value result = nullptr;
    if (pinned != Pinned::kUnknown) napi_get_boolean(env, pinned == Pinned::kYes, &result);
    return result;
  }

  // The tensor of that id, or nullptr with an exception pending.
  static TFE_TensorHandle *HandleOf(napi_env env, TFJSBackend *backend, napi_value value) {
    int32_t id = 0;
    if (napi_get_value_int32(env, value, &id) == napi_ok) {
      auto entry = backend->tfe_handle_map_.find(id);
      if (entry != backend->tfe_handle_map_.end()) return entry->second;
    }
    napi_throw_error(env, nullptr, "there is no tensor of that id");
    return nullptr;
  }
};

void ExportFunctions(napi_env env, napi_value exports) {
  struct {
    const char *name;
    napi_callback callback;
  } const all[] = {{"addFunction", Functions::Add},
                   {"removeFunction", Functions::Remove},
                   {"callFunction", Functions::Call},
                   {"readTensor", Functions::Read},
                   {"createStaging", Functions::CreateStaging},
                   {"upload", Functions::Upload},
                   {"isPinned", Functions::IsPinned}};
  for (const auto &each : all) {
    napi_value function;
    if (napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.callback, nullptr, &function) == napi_ok) {
      napi_set_named_property(env, exports, each.name, function);
    }
  }
}

}  // namespace tfnodejs
