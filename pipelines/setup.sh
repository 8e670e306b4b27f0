#!/bin/sh
# Installs what is missing on Debian or Ubuntu and builds into build/, and says
# what it does and how long that took. A VART that is not from Debian's packages,
# as AMD's, is taken as it is.
#
# usage: pipelines/setup.sh [--bench | --tests]
#
# Installing needs root or sudo; where nothing is missing, neither. Without an
# option the tests are left out, which are most of what there is to build.

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)

build_packages='meson ninja-build pkgconf gcc g++ protobuf-c-compiler
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libprotobuf-dev
  libprotobuf-c-dev libpango1.0-dev libjson-glib-dev libgstrtspserver-1.0-dev
  libmosquitto-dev librdkafka-dev zlib1g-dev'
# of the software DPU, which is left out where it is not to be had
software_dpu_package=libdnnl-dev
vart_packages='libvart-dev libxir-dev libunilog-dev libtarget-factory-dev'
vart_header=/usr/include/vart/runner_ext.hpp
run_packages='gstreamer1.0-tools gstreamer1.0-plugins-base
  gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
  gstreamer1.0-libav gstreamer1.0-x fonts-dejavu-core python3-gi
  gir1.2-gst-plugins-base-1.0'
# GstAnalytics, which GStreamer has from here on
analytics_version=1.24
analytics_package=libgstreamer-plugins-bad1.0-dev
# which systems before Debian 12 and Ubuntu 22.04 do not have
view_package=libsoup-3.0-dev
# the peers that tests/bench compares with
bench_packages='python3-opencv python3-onnx'
# one that systems before Debian 13 do not have
onnxruntime_package=python3-onnxruntime
# what only the tests need: the manual page's, those of models/prepare, the
# scorer of tracks, and a broker with its certificates and cables
test_packages='curl man-db mosquitto openssl iproute2 python3-numpy
  python3-paho-mqtt python3-pil python3-scipy python3-torch'

# the browser of tests, which is a package of this name in Debian only
browser_packages='chromium chromium-driver python3-selenium'

is_installed ()
{
  dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

# what apt would install: not all that it knows of may be installed
has_candidate ()
{
  LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep -q '^ *Candidate: [^(]'
}

# after an update of apt's lists, which a new system does not have
is_available ()
{
  has_candidate "$1" && return
  as_root apt-get update -qq
  has_candidate "$1"
}

as_root ()
{
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "This needs root, and there is no sudo here. As root (su -), run" \
      "\"$*\", then this script again as yourself" >&2
    exit 1
  fi
}

# seconds since a time of "date +%s"
since ()
{
  echo "$(($(date +%s) - $1)) s"
}

count ()
{
  echo $#
}

install_missing ()
{
  missing=
  for package in "$@"; do
    is_installed "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0

  # shellcheck disable=SC2086
  echo "Installing $(count $missing) packages and what they need, which takes" \
    "minutes where there are many:$missing"
  start=$(date +%s)
  as_root apt-get update -qq
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends $missing >/dev/null
  echo "Installed in $(since "$start")"
}

if ! command -v apt-get >/dev/null; then
  echo "This machine has no apt-get: install by hand the packages that this script names" >&2
  exit 1
fi

# Ubuntu 22.04 has no libvart-dev, and a libxir-dev of Vitis AI 1, which must not
# come beside AMD's: so all of VART is from one place
if [ -e $vart_header ] && ! is_installed libvart-dev; then
  echo "Using the VART that is on this machine"
  vart_packages=
elif ! is_installed libvart-dev && ! is_available libvart-dev; then
  echo "There is no VART, and this system has no package libvart-dev: install" \
    "AMD's packages libunilog, libxir, libtarget-factory and libvart 2.5 to" \
    "3.5 (on Pynq: pip3 install pynq-dpu)" >&2
  exit 1
fi

packages="$build_packages $vart_packages $run_packages"
if is_installed $software_dpu_package || is_available $software_dpu_package; then
  packages="$packages $software_dpu_package"
else
  echo "This system has no package $software_dpu_package: models will run on a DPU only"
fi
case ${1-} in
  --bench)
    packages="$packages $bench_packages"
    if is_installed $onnxruntime_package || is_available $onnxruntime_package; then
      packages="$packages $onnxruntime_package"
    fi
    ;;
  --tests)
    packages="$packages $test_packages"
    if is_installed chromium-driver || is_available chromium-driver; then
      packages="$packages $browser_packages"
    fi
    ;;
esac
if is_installed $view_package || is_available $view_package; then
  packages="$packages $view_package"
fi
# shellcheck disable=SC2086
install_missing $packages
gst_version=$(dpkg-query -W -f '${Version}' libgstreamer1.0-dev)
if dpkg --compare-versions "$gst_version" ge $analytics_version; then
  install_missing $analytics_package
fi

cd "$top"
case ${1-} in
  --bench | --tests) tests=auto ;;
  *) tests=disabled ;;
esac
if [ ! -f build/build.ninja ]; then
  meson setup build -Dwerror="${WERROR:-false}" -Dtests=$tests >/dev/null
elif [ $tests = auto ] \
  && meson configure build | grep -q '^ *tests  *disabled'; then
  # a user's build becomes a developer's
  meson configure build -Dtests=auto
fi
echo "Building into $top/build"
start=$(date +%s)
if [ -t 1 ]; then
  # with its own line of progress
  ninja -C build
else
  ninja -C build >build/ninja.log 2>&1 || {
    grep -E -A12 'FAILED|error:' build/ninja.log >&2 || cat build/ninja.log >&2
    exit 1
  }
fi
echo "Built in $(since "$start")"
