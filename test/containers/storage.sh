#!/bin/sh
# Runs a command of podman or buildah on images, containers and volumes of these tests alone: nothing of the machine's
# user is touched, and removing one folder removes all of it.
# usage: storage.sh COMMAND...
#   IMAGES_CACHE  the folder; default ~/.cache/gradcast-ci/images
set -eu

cache=${IMAGES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gradcast-ci/images}
mkdir -p "$cache"
export CONTAINERS_STORAGE_CONF="$cache/storage.conf"
[ -e "$CONTAINERS_STORAGE_CONF" ] ||
  printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' "$cache" "$cache" \
    >"$CONTAINERS_STORAGE_CONF"
exec "$@"
