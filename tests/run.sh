#!/bin/sh
# Installs what is missing, builds with warnings as errors, runs all tests.
# The last line counts them.
#
# usage: tests/run.sh [--trixie | --jammy | --bullseye | --arm64]
#          [MESON-TEST-ARGUMENT...]
#        tests/run.sh --packages
#
# --trixie: the same on Debian 13, in a folder (root only)
# --jammy: the same on Ubuntu 22.04, as Pynq 3.0 has it, with Debian 12's VART
#   (root only)
# --bullseye: the same on Debian 11 (GStreamer 1.18, gcc 10), without the software
#   DPU, as on PetaLinux, with a VART built there; what runs models is skipped
#   (root only)
# --arm64: the same for arm64, built by a cross compiler in a folder and run by
#   qemu (root only), without the tests that are too slow for that
# --packages: builds, checks, installs and tries the Debian packages, see
#   tests/systems/packages.sh

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"

# where another Debian cannot be had, that is one skipped test
in_folder ()
{
  status=0
  tests/systems/debian-folder.sh "$@" || status=$?
  [ "$status" -eq 77 ] || exit "$status"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
}

case ${1-} in
  --trixie)
    shift
    # shellcheck disable=SC2016
    in_folder trixie amd64 trixie sh -eu -c 'WERROR=true pipelines/setup.sh --tests
      meson configure build -Danalytics=enabled >/dev/null
      exec tests/run.sh "$@"' sh "$@"
    ;;
  --jammy)
    shift
    # shellcheck disable=SC2016
    in_folder jammy amd64 jammy sh -eu -c '
      tests/systems/vart-of-debian-12.sh packages
      exec tests/run.sh "$@"' sh "$@"
    ;;
  --bullseye)
    shift
    # shellcheck disable=SC2016
    in_folder bullseye amd64 bullseye sh -eu -c '
      tests/systems/vart-of-debian-12.sh source
      WERROR=true pipelines/setup.sh --tests
      meson configure build -Dsoftware-dpu=disabled >/dev/null
      exec tests/run.sh "$@"' sh "$@"
    ;;
  --arm64)
    shift
    in_folder bookworm amd64 cross-arm64 tests/systems/arm64.sh "$@"
    ;;
  --packages)
    exec tests/systems/packages.sh
    ;;
esac

WERROR=true pipelines/setup.sh --tests
meson configure build -Dwerror=true -Dtests=enabled >/dev/null
ninja -C build >build/ninja.log 2>&1 || {
  cat build/ninja.log
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
}
exec tests/count.sh build "$@"
