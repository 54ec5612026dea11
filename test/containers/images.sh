#!/bin/sh
# Builds the images of deploy/docker/Dockerfile with podman, as root, where no image registry is to be had: the base
# images are made of Debian and of this machine's Node, and its own settings for npm, pip and apt serve during the build.
# usage: images.sh TARGET...
#   TARGET          coordinator, worker-cpu, worker-cuda; prometheus is this machine's program in an image of its own
#   IMAGES_CACHE    where the Debian base and the images are kept; default ~/.cache/gradcast-ci/images
set -eu

cd "$(dirname "$0")/../.."
cache=${IMAGES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gradcast-ci/images}
mkdir -p "$cache"
stored=$PWD/test/containers/storage.sh
node=$(node -p process.execPath)

base=localhost/gradcast-test-base
if ! "$stored" podman image exists "$base:debian"; then
  rootfs=$cache/bookworm
  if [ ! -e "$rootfs/.whole" ]; then
    rm -rf "$rootfs"
    debootstrap --variant=minbase --include=ca-certificates bookworm "$rootfs" >"$cache/debootstrap.log" 2>&1 ||
      { tail "$cache/debootstrap.log" >&2; exit 1; }
    rm -rf "$rootfs"/var/cache/apt/archives/*.deb "$rootfs"/var/lib/apt/lists/*
    touch "$rootfs/.whole"
  fi
  tar -c -C "$rootfs" . | "$stored" podman import --quiet - "$base:debian" >/dev/null
fi
# Layers are kept: what did not change since the last build is not made again.
build() { # ARGUMENT...
  "$stored" buildah build --quiet --layers --format docker --runtime runc --ulimit nofile=1024:1024 \
    --ulimit nproc=1024:1024 "$@" >/dev/null
}
# Node with npm and its headers, under /usr/local as in the image that the Dockerfile names.
context=$cache/node
rm -rf "$context"
mkdir -p "$context/bin" "$context/lib/node_modules" "$context/include"
cp "$node" "$context/bin/node"
cp -R "$(npm root -g)/npm" "$context/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$context/bin/npm"
headers=$(dirname "$(dirname "$node")")/include/node
[ ! -d "$headers" ] || cp -R "$headers" "$context/include/node"
printf 'FROM %s:debian\nCOPY . /usr/local\n' "$base" >"$cache/Containerfile"
build -f "$cache/Containerfile" -t "$base:node" "$context"

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
  mount /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
  environment=
  for name in NODE_EXTRA_CA_CERTS PIP_CERT http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    eval "value=\${$name:-}"
    [ -z "$value" ] || environment="$environment --env $name=$value"
  done
  began=$(date +%s)
  if [ "$target" = prometheus ]; then
    context=$cache/prometheus
    rm -rf "$context"
    mkdir -p "$context"
    cp "$(command -v prometheus)" "$context/prometheus"
    build -f test/containers/prometheus.Containerfile --build-arg BASE="$base:debian" \
      -t "localhost/gradcast-$target" "$context"
  else
    # shellcheck disable=SC2086 # lists of words
    build --network host $mounts $environment --build-arg NODE_IMAGE="$base:node" --build-arg CUDA_IMAGE="$base:debian" \
      --ignorefile deploy/docker/Dockerfile.dockerignore -f deploy/docker/Dockerfile --target "$target" \
      -t "localhost/gradcast-$target" .
  fi
  bytes=$("$stored" podman image inspect --format '{{.Size}}' "localhost/gradcast-$target")
  echo "$target: $((bytes / 1000000)) MB, $(($(date +%s) - began)) s"
done
