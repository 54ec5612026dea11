#!/bin/sh
# Makes a folder that runs without its sources: built programs and the packages they need.
# usage: build.sh SOURCE TARGET [coordinator|worker]
#   SOURCE  a checkout; it is only read
#   TARGET  a folder that does not exist yet or is empty
# With a role, what that role never loads is left out.
set -eu

source=$(cd "${1:?usage: build.sh SOURCE TARGET}" && pwd)
target=${2:?usage: build.sh SOURCE TARGET}
role=${3:-}

mkdir -p "$target"
target=$(cd "$target" && pwd)
if [ -n "$(ls -A "$target")" ]; then
  echo "build.sh: $target is not empty" >&2
  exit 2
fi

cd "$source"
# Sources without what was built or installed in the checkout.
tar -cf - --exclude=node_modules --exclude=dist --exclude='*.tsbuildinfo' --exclude='*.test.ts' \
  LICENSE NOTICE package.json package-lock.json .npmrc bin apps libs deploy/package.json deploy/docker | tar -xf - -C "$target"

cd "$target"
# No package needs its install script.
npm ci --omit=dev --ignore-scripts
node bin/build.mjs >/dev/null
# `shipped` tells the command that there is nothing to build any more.
mv dist/[0-9a-f]* dist/shipped
find apps libs -name '*.ts' -type f -delete
[ -z "$role" ] || node deploy/docker/prune.mjs . "$role"
node bin/gradcast.mjs --version
