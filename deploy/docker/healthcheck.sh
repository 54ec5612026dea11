#!/bin/sh
# Asks the process in this container whether it lives.
# usage: healthcheck.sh [PORT]
#   PORT  where it serves /healthz on loopback; default 9465, what the images' commands give --health-port
# shellcheck disable=SC2016 # the program is JavaScript
exec node -e '
  fetch(`http://127.0.0.1:${process.argv[1]}/healthz`, { signal: AbortSignal.timeout(3000) }).then(
    ({ ok }) => process.exit(ok ? 0 : 1),
    () => process.exit(1),
  )' "${1:-9465}"
