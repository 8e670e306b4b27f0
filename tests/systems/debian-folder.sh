#!/bin/sh
# Runs a command in a folder that holds another Debian.
#
# usage: tests/systems/debian-folder.sh SUITE ARCHITECTURE NAME COMMAND [ARGUMENT...]
#
# The folder is build-debian/NAME, made with debootstrap when it is not there.
# In it, this checkout is /yolov5dpu, read-only but for its own build/, and
# ../shared is /shared. The command starts in the checkout. A folder may be
# deleted at any time.
#
# Needs root. Exits 77 after a line with the reason where it cannot be done.

set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
# of debootstrap unless set
mirror=${DEBIAN_MIRROR-}
suite=$1
architecture=$2
name=$3
shift 3
pristine=$top/build-debian/$suite-$architecture
folder=$top/build-debian/$name
emulators=/proc/sys/fs/binfmt_misc

skip ()
{
  echo "skipped: $1"
  exit 77
}

install_missing ()
{
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null \
      | grep -q 'ok installed' && continue
    command -v apt-get >/dev/null \
      || skip "this machine lacks $package and has no apt-get"
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 \
      install -y -qq --no-install-recommends "$package" >/dev/null \
      || skip "$package cannot be installed"
  done
}

# lets the kernel run arm64 programs, as qemu-user-static's package would at the
# next start of the machine
register_emulator ()
{
  install_missing qemu-user-static
  [ -e $emulators/register ] || mount -t binfmt_misc binfmt_misc $emulators \
    || skip "this kernel cannot run programs of other architectures"
  [ -e $emulators/qemu-aarch64 ] \
    || cat /usr/lib/binfmt.d/qemu-aarch64.conf >$emulators/register \
    || skip "qemu cannot be registered for arm64 programs"
}

# complete or not there at all
make_pristine ()
{
  log=$top/build-debian/debootstrap.log

  install_missing debootstrap
  echo "Making Debian $suite ($architecture) in $pristine"
  rm -rf "$pristine.part"
  debootstrap --variant=minbase --arch="$architecture" "$suite" \
    "$pristine.part" ${mirror:+"$mirror"} >"$log" 2>&1 \
    || skip "debootstrap: $(grep '^[EW]: ' "$log" | tail -n 1)"
  mv "$pristine.part" "$pristine"
}

[ "$(id -u)" = 0 ] || skip "a folder with Debian $suite needs root"
unshare --mount true 2>/dev/null || skip "this machine allows no mounts"
[ "$architecture" = "$(dpkg --print-architecture)" ] || register_emulator
[ "$name" != cross-arm64 ] || register_emulator
mkdir -p "$top/build-debian" "$top/build"
[ -d "$pristine" ] || make_pristine
if [ ! -d "$folder" ]; then
  rm -rf "$folder.part"
  cp -a "$pristine" "$folder.part"
  mv "$folder.part" "$folder"
fi
cp /etc/resolv.conf "$folder/etc/"
mkdir -p "$folder/build" "$folder/shared" "$folder/yolov5dpu"

# mounts and processes of this namespace end with it
# shellcheck disable=SC2016
exec unshare --mount --pid --fork --kill-child sh -eu -c '
  top=$1
  folder=$2
  shift 2
  mount --bind "$top" "$folder/yolov5dpu"
  mount -o remount,bind,ro "$folder/yolov5dpu"
  mount --bind "$folder/build" "$folder/yolov5dpu/build"
  if [ -d "$top/../shared" ]; then
    mount --bind "$top/../shared" "$folder/shared"
    mount -o remount,bind,ro "$folder/shared"
  fi
  mount -t proc proc "$folder/proc"
  mount -t sysfs sysfs "$folder/sys"
  mount --rbind /dev "$folder/dev"
  exec chroot "$folder" /usr/bin/env -i HOME=/root LANG=C.UTF-8 \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
    sh -c "cd /yolov5dpu && exec \"\$@\"" sh "$@"
' sh "$top" "$folder" "$@"
