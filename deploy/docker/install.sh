#!/bin/sh
# Prepares a machine image for one role: Debian or Ubuntu packages, and folders that the unprivileged user may write.
# usage: install.sh build|coordinator|worker [ROOT]
#   ROOT  where the folders are made; default /
set -eu

role=${1:?usage: install.sh build|coordinator|worker [ROOT]}
root=${2:-}

case $role in
  # Certificates for wss:// and for fetching the native library.
  coordinator) packages='ca-certificates' ;;
  # The native library is fetched with pip; the addon that links it comes from a build stage, which has the compiler.
  worker) packages='ca-certificates python3 python3-pip' ;;
  build) packages='ca-certificates g++ python3 python3-pip' ;;
  *) echo "install.sh: there is no role $role" >&2; exit 2 ;;
esac

missing=
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update
  # shellcheck disable=SC2086 # a list of words
  apt-get install -y --no-install-recommends $missing
  rm -rf /var/lib/apt/lists/*
fi

[ "$role" = build ] || install -d -o 10001 -g 10001 "$root/runs" "$root/cache"
