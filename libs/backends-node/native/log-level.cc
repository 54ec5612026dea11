// Compiled into the binding: applies TF_CPP_MIN_LOG_LEVEL, which TensorFlow 2.21 reads only when Python loads it.
#include <cstdlib>

#include "absl/log/globals.h"

namespace {

// A static initialiser: it runs after those of the libraries and before the binding creates its context.
const bool applied = [] {
  const char *level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  const int least = level ? std::atoi(level) : 0;
  absl::SetMinLogLevel(static_cast<absl::LogSeverityAtLeast>(least < 0 ? 0 : least > 3 ? 3 : least));
  return true;
}();

}  // namespace
