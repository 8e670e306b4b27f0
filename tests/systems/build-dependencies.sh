#!/bin/sh
# Installs what debian/control needs to build for an architecture, and a
# compiler for it. For folders of tests/systems/debian-folder.sh, which are used for
# nothing else.
#
# usage: tests/systems/build-dependencies.sh ARCHITECTURE [PACKAGE...]
#
# Exits 77 after a line with the reason where it cannot be done.

set -eu

architecture=$1
shift
stamp=/var/lib/yolov5dpu-build-dependencies
wanted="$architecture $* $(sha256sum debian/control)"

[ ! -f $stamp ] || [ "$(cat $stamp)" != "$wanted" ] || exit 0

compiler=build-essential
if [ "$architecture" != "$(dpkg --print-architecture)" ]; then
  compiler=crossbuild-essential-$architecture
  dpkg --add-architecture "$architecture"
fi
echo "Installing the build dependencies for $architecture"
if ! {
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "$compiler" "$@"
  apt-get build-dep -y -qq --no-install-recommends -a "$architecture" .
} >/build/apt.log 2>&1; then
  echo "skipped: apt-get: $(grep '^E: ' /build/apt.log | tail -n 1)"
  exit 77
fi
echo "$wanted" >$stamp
