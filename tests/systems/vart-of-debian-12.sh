#!/bin/sh
# Gives a folder of another system the VART of Debian 12: its packages, or, where
# the system is too old for those, what programs link of it, built from its source
# packages. For folders of tests/systems/debian-folder.sh.
#
# usage: tests/systems/vart-of-debian-12.sh packages | source
#
# Exits 77 after a line with the reason where it cannot be done.

set -eu

keyring=/build/debian-archive-keyring.gpg
stamp=/var/lib/yolov5dpu-vart
sources=/etc/apt/sources.list.d/debian-12.list
log=/build/vart.log
mirror=http://deb.debian.org/debian
# what else its packages need in a version that the system does not have
packages='src:vart src:xir src:unilog src:target-factory src:xrt
  src:google-glog src:protobuf src:boost1.74'

skip ()
{
  echo "skipped: $1"
  exit 77
}

# use_debian_12 PACKAGE...: those are from there, and nothing else
use_debian_12 ()
{
  # apt reads it as a user of its own
  cp $keyring /usr/share/keyrings/debian-12.gpg
  chmod 644 /usr/share/keyrings/debian-12.gpg
  for kind in deb deb-src; do
    echo "$kind [signed-by=/usr/share/keyrings/debian-12.gpg] $mirror bookworm main"
  done >$sources
  cat >/etc/apt/preferences.d/debian-12 <<END
Package: *
Pin: release n=bookworm
Pin-Priority: -10

Package: $*
Pin: release n=bookworm
Pin-Priority: 990
END
  apt-get update -qq >$log 2>&1 || skip "apt-get: $(grep '^E: ' $log | tail -n 1)"
}

install ()
{
  apt-get install -y -qq --no-install-recommends "$@" >>$log 2>&1 \
    || skip "apt-get: $(grep '^E: ' $log | tail -n 1)"
}

# build SOURCE-PACKAGE: the runner of DPUs and XRT are left away
build ()
{
  rm -rf "/build/source/$1"
  mkdir -p "/build/source/$1"
  cd "/build/source/$1"
  apt-get source -qq "$1" >>$log 2>&1 || skip "Debian's source of $1 cannot be had"
  cd "$1"-*/
  cmake -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr \
    -DBUILD_SHARED_LIBS=ON -DBUILD_PYTHON=OFF -DBUILD_TEST=OFF \
    -DCMAKE_CXX_FLAGS=-w >>$log 2>&1 || fail "$1"
  ninja -C build install >>$log 2>&1 || fail "$1"
  cd /yolov5dpu
}

fail ()
{
  tail -n 30 $log
  echo "$1 of VART does not build here"
  exit 1
}

[ ! -f $stamp ] || exit 0
echo "Installing the VART of Debian 12 ($1)"
case $1 in
  packages)
    # shellcheck disable=SC2086
    use_debian_12 $packages
    install libvart-dev libxir-dev libunilog-dev libtarget-factory-dev
    ;;
  source)
    # the system's own meson is too old as well
    use_debian_12 meson
    install build-essential ca-certificates cmake ninja-build meson dpkg-dev \
      libboost-filesystem-dev libgoogle-glog-dev libjson-c-dev libprotobuf-dev \
      protobuf-compiler
    for part in unilog xir target-factory vart; do
      build $part
    done
    # of the DPU's controller, which is loaded where there is one
    cp /build/source/vart/vart-*/dpu-controller/include/xir/dpu_controller.hpp \
      /usr/include/xir
    ldconfig
    ;;
esac
touch $stamp
