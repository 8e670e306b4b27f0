#!/bin/sh
# Builds the Debian packages for amd64 and arm64, checks them with lintian,
# installs them into clean folders of Debian 12 and runs a pipeline there. The
# last line counts what worked. They are left in build-debian/packages.
#
# usage: tests/systems/packages.sh
#
# Needs root; see tests/systems/debian-folder.sh.

set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
packages=build-debian/packages
passed=0
failed=0
skipped=0

# a folder of tests/systems/debian-folder.sh for each architecture's compiler
builder ()
{
  [ "$1" = amd64 ] && echo packages-amd64 || echo "cross-$1"
}

build ()
{
  folder=$(builder "$1")
  tests/systems/debian-folder.sh bookworm amd64 "$folder" tests/systems/build-packages.sh "$1" \
    || return
  mkdir -p $packages
  cp build-debian/"$folder"/build/packages/yolov5dpu_* \
    build-debian/"$folder"/build/packages/*.deb $packages
}

lint ()
{
  # shellcheck disable=SC2016
  tests/systems/debian-folder.sh bookworm amd64 packages-amd64 sh -c '
    tests/systems/build-dependencies.sh amd64 lintian
    lintian --allow-root --fail-on error,warning "$@"' sh \
    $packages/yolov5dpu_*.changes
}

install ()
{
  # what was not built has been counted
  [ -f "$(echo $packages/yolov5dpu_*_"$1".changes)" ] || return 77
  rm -rf "build-debian/clean-$1"
  tests/systems/debian-folder.sh bookworm "$1" "clean-$1" tests/systems/installed-packages.sh \
    $packages
}

check ()
{
  status=0
  "$@" || status=$?
  case $status in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) ;;
  esac
  [ $status -eq 0 ] && echo "OK: $*" || echo "not OK: $*"
}

rm -rf $packages
check build amd64
check build arm64
check lint
check install amd64
check install arm64
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
