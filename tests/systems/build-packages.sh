#!/bin/sh
# Builds the Debian packages for an architecture into build/packages. Part of
# tests/systems/packages.sh, which makes the folder that this runs in.
#
# usage: tests/systems/build-packages.sh ARCHITECTURE

set -eu

architecture=$1
output=$PWD/build/packages
source=$output/yolov5dpu
parts=--build=full
[ "$architecture" = "$(dpkg --print-architecture)" ] || parts=--build=any

if [ $parts = --build=full ]; then
  tests/systems/build-dependencies.sh "$architecture" lintian
else
  tests/systems/build-dependencies.sh "$architecture"
fi
rm -rf "$output"
mkdir -p "$source"
tar -c --exclude='./build*' --exclude=./.git --exclude='./demo*.mp4' . \
  | tar -x -C "$source"
cd "$source"
# tests/run.sh runs the tests
DEB_BUILD_OPTIONS=nocheck DEB_BUILD_PROFILES=nocheck dpkg-buildpackage \
  $parts --unsigned-source --unsigned-changes -a "$architecture" \
  >"$output/build.log" 2>&1 || {
  tail -n 50 "$output/build.log"
  exit 1
}
