#!/bin/sh
# Runs a command in a folder that holds another Debian, or Ubuntu 22.04 (jammy).
#
# usage: tests/systems/debian-folder.sh SUITE ARCHITECTURE NAME COMMAND [ARGUMENT...]
#
# The folder is build-debian/NAME, made with debootstrap when it is not there.
# In it, this checkout is /yolov5dpu, read-only but for its own build/, and
# ../shared is /shared. The command starts in the checkout. Debian's keys are in
# /build. A folder may be deleted at any time.
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
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg
ubuntu_mirror=http://archive.ubuntu.com/ubuntu
ubuntu_keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
# that Ubuntu 22.04 is signed with, and where its key lies
ubuntu_fingerprint=F6ECB3762474EDA9D21B7022871920D1991BC93C
ubuntu_keyring_package=pool/main/u/ubuntu-keyring/ubuntu-keyring_2021.03.26_all.deb

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

# Debian 12 has no package of Ubuntu's keys: the one with the fingerprint above is
# taken out of Ubuntu's own package
find_ubuntu_keyring ()
{
  [ ! -e $ubuntu_keyring ] || return 0
  ubuntu_keyring=$top/build-debian/ubuntu-keyring.gpg
  [ ! -s "$ubuntu_keyring" ] || return 0
  install_missing gnupg wget
  stage=$top/build-debian/ubuntu-keyring
  mkdir -p "$stage"
  chmod 700 "$stage"
  wget -q --timeout=20 --tries=2 -O "$stage/keyring.deb" \
    $ubuntu_mirror/$ubuntu_keyring_package \
    || skip "Ubuntu's archive cannot be reached"
  dpkg-deb -x "$stage/keyring.deb" "$stage"
  gpg --homedir "$stage" --quiet --no-default-keyring \
    --keyring "$stage/usr/share/keyrings/ubuntu-archive-keyring.gpg" \
    --export $ubuntu_fingerprint >"$ubuntu_keyring" 2>/dev/null || true
  rm -rf "$stage"
  [ -s "$ubuntu_keyring" ] || skip "Ubuntu's key is not the one it was"
}

# complete or not there at all
make_pristine ()
{
  log=$top/build-debian/debootstrap.log
  signature=

  install_missing debootstrap
  if [ "$suite" = jammy ]; then
    find_ubuntu_keyring
    mirror=${mirror:-$ubuntu_mirror}
    signature="--keyring=$ubuntu_keyring --components=main,universe"
  fi
  echo "Making $suite ($architecture) in $pristine"
  rm -rf "$pristine.part"
  # shellcheck disable=SC2086
  debootstrap $signature --variant=minbase --arch="$architecture" "$suite" \
    "$pristine.part" ${mirror:+"$mirror"} >"$log" 2>&1 \
    || skip "debootstrap: $(grep -a '^[EW]: ' "$log" | tail -n 1)"
  mv "$pristine.part" "$pristine"
}

[ "$(id -u)" = 0 ] || skip "a folder with $suite needs root"
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
# which an installer writes
[ -s "$folder/etc/hosts" ] ||
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$folder/etc/hosts"
mkdir -p "$folder/build" "$folder/shared" "$folder/yolov5dpu"
[ ! -e $debian_keyring ] || cp $debian_keyring "$folder/build/"

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
