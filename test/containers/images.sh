#!/bin/sh
# Builds the images of deploy/docker/Dockerfile with podman, as root, where no image registry is to be had: the base
# images are made of Debian and of this machine's Node, and its own settings for npm, pip and apt serve during the build.
# usage: images.sh TARGET...
#   TARGET          coordinator, worker-cpu, worker-cuda; prometheus is Debian's package in an image of its own
#   IMAGES_CACHE    where the Debian base is kept; default ~/.cache/gradcast-ci/images
# A base of debootstrap takes 33 s, the coordinator 40 s, a worker 2 min, on two cores.
set -eu

cd "$(dirname "$0")/../.."
cache=${IMAGES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gradcast-ci/images}
mkdir -p "$cache"

base=localhost/gradcast-test-base
if ! podman image exists "$base:node"; then
  rootfs=$cache/bookworm
  if [ ! -e "$rootfs/.whole" ]; then
    rm -rf "$rootfs"
    debootstrap --variant=minbase --include=ca-certificates bookworm "$rootfs" >"$cache/debootstrap.log" 2>&1 ||
      { tail "$cache/debootstrap.log" >&2; exit 1; }
    rm -rf "$rootfs"/var/cache/apt/archives/*.deb "$rootfs"/var/lib/apt/lists/*
    touch "$rootfs/.whole"
  fi
  tar -c -C "$rootfs" . | podman import - "$base:debian" >/dev/null
  # Node with npm and its headers, under /usr/local as in the image that the Dockerfile names.
  node=$cache/node
  rm -rf "$node"
  mkdir -p "$node/bin" "$node/lib/node_modules" "$node/include"
  cp "$(node -p process.execPath)" "$node/bin/node"
  cp -R "$(npm root -g)/npm" "$node/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$node/bin/npm"
  headers=$(dirname "$(dirname "$(node -p process.execPath)")")/include/node
  [ ! -d "$headers" ] || cp -R "$headers" "$node/include/node"
  printf 'FROM %s:debian\nCOPY . /usr/local\n' "$base" >"$cache/Containerfile"
  podman build --quiet --runtime runc -f "$cache/Containerfile" -t "$base:node" "$node" >/dev/null
fi

set -- "$@" --
while [ "$1" != -- ]; do
  target=$1
  shift
  mounts=
  mount() { [ ! -e "$1" ] || mounts="$mounts -v $1:$2:ro"; }
  mount "$HOME/.npmrc" /root/.npmrc
  mount "$(npm config get globalconfig)" /usr/local/etc/npmrc
  mount /etc/pip.conf /etc/pip.conf
  mount "$HOME/.config/pip/pip.conf" /root/.config/pip/pip.conf
  mount /etc/apt/apt.conf.d /etc/apt/apt.conf.d
  mount /etc/apt/sources.list /etc/apt/sources.list
  mount /etc/apt/sources.list.d /etc/apt/sources.list.d
  mount /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
  environment=
  for name in NODE_EXTRA_CA_CERTS PIP_CERT http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    eval "value=\${$name:-}"
    [ -z "$value" ] || environment="$environment --env $name=$value"
  done
  began=$(date +%s)
  recipe=deploy/docker/Dockerfile
  [ "$target" != prometheus ] || recipe=test/containers/prometheus.Containerfile
  # shellcheck disable=SC2086 # lists of words
  buildah build --quiet --format docker --runtime runc --network host --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 $mounts $environment \
    --build-arg NODE_IMAGE="$base:node" --build-arg CUDA_IMAGE="$base:debian" \
    --ignorefile deploy/docker/Dockerfile.dockerignore -f "$recipe" --target "$target" -t "localhost/gradcast-$target" . >/dev/null
  bytes=$(podman image inspect --format '{{.Size}}' "localhost/gradcast-$target")
  echo "$target: $((bytes / 1000000)) MB, $(($(date +%s) - began)) s"
done
