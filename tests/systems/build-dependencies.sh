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

# libsoup-3.0-dev wants it in the end, and of another architecture it cannot be
# installed beside this one's Python: nothing of it is called in a build
stand_in_for_introspection ()
{
  name=gobject-introspection
  stage=$(mktemp -d)
  mkdir "$stage/DEBIAN"
  cat >"$stage/DEBIAN/control" <<END
Package: $name
Version: $(apt-cache show "$name" | sed -n 's/^Version: //p' | head -n 1)
Architecture: $architecture
Maintainer: nobody <nobody@example.org>
Description: stand-in, empty
END
  dpkg-deb --root-owner-group --build "$stage" "$stage.deb"
  dpkg -i "$stage.deb"
  rm -rf "$stage" "$stage.deb"
}

echo "Installing the build dependencies for $architecture"
if ! {
  apt-get update -qq
  [ "$compiler" = build-essential ] || stand_in_for_introspection
  apt-get install -y -qq --no-install-recommends "$compiler" "$@"
  apt-get build-dep -y -qq --no-install-recommends -a "$architecture" .
} >/build/apt.log 2>&1; then
  echo "skipped: apt-get: $(grep '^E: ' /build/apt.log | tail -n 1)"
  exit 77
fi
echo "$wanted" >$stamp
