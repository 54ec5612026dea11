#!/bin/sh
# Compiles the addon that links the native library, for images that have no compiler.
# usage: binding.sh APP TARGET
#   APP     what build.sh made; it is only read
#   TARGET  a folder that GRADCAST_BINDING will name
set -eu

app=${1:?usage: binding.sh APP TARGET}
exec node "$app/bin/gradcast.mjs" doctor --build-binding "${2:?usage: binding.sh APP TARGET}"
