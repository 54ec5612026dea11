#!/bin/sh
# Starts a command of Gradcast in a container. A worker first brings the native library into the cache volume, where
# it stays; if it cannot be had, the worker takes the next best backend and says so.
# usage: entrypoint.sh COMMAND [OPTIONS]
#   INSTALL_BACKEND  tensorflow, cuda or none; starting with cuda agrees to the licence of NVIDIA's libraries
set -eu

gradcast=$(cd "$(dirname "$0")/../.." && pwd)/bin/gradcast.mjs

# A shell that is process 1 ignores signals it has no trap for.
child=
trap '[ -z "$child" ] || kill "$child" 2>/dev/null; exit 143' TERM
trap '[ -z "$child" ] || kill "$child" 2>/dev/null; exit 130' INT

if [ "${1:-}" = worker ]; then
  case ${INSTALL_BACKEND:-tensorflow} in
    none) ;;
    cuda) node "$gradcast" doctor --install --backend cuda --yes & child=$! ;;
    *) node "$gradcast" doctor --install --backend "${INSTALL_BACKEND:-tensorflow}" & child=$! ;;
  esac
  if [ -n "$child" ]; then
    wait "$child" || echo 'entrypoint.sh: the native library is not to be had; going on without it' >&2
    child=
  fi
fi

exec node "$gradcast" "$@"
