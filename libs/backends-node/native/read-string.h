// A string that JavaScript hands over, for both addons.
#ifndef GRADCAST_READ_STRING_H_
#define GRADCAST_READ_STRING_H_

#include <node_api.h>

#include <string>

namespace gradcast {

// False if the value is no string.
inline bool ReadString(napi_env env, napi_value value, std::string *out) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  out->resize(length + 1);
  if (napi_get_value_string_utf8(env, value, &(*out)[0], length + 1, &length) != napi_ok) return false;
  out->resize(length);
  return true;
}

}  // namespace gradcast

#endif  // GRADCAST_READ_STRING_H_
