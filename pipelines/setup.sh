#!/bin/sh
# Installs what is missing on Debian or Ubuntu and builds into build/. A VART
# that is not from Debian's packages, as AMD's, is taken as it is.
#
# usage: pipelines/setup.sh [--bench | --tests]

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)

build_packages='meson ninja-build pkgconf gcc g++ protobuf-c-compiler
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libprotobuf-dev
  libprotobuf-c-dev libdnnl-dev libpango1.0-dev libjson-glib-dev libgstrtspserver-1.0-dev
  libmosquitto-dev librdkafka-dev zlib1g-dev'
vart_packages='libvart-dev libxir-dev libunilog-dev libtarget-factory-dev'
vart_header=/usr/include/vart/runner_ext.hpp
run_packages='gstreamer1.0-tools gstreamer1.0-plugins-base
  gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
  gstreamer1.0-libav gstreamer1.0-x fonts-dejavu-core python3-gi
  gir1.2-gst-plugins-base-1.0'
# GstAnalytics, which GStreamer has from here on
analytics_version=1.24
analytics_package=libgstreamer-plugins-bad1.0-dev
# the peers that tests/bench compares with
bench_packages='python3-opencv python3-onnx'
# what only the tests need: the manual page's, those of models/prepare, the
# scorer of tracks, and a broker with its certificates and cables
test_packages='man-db mosquitto openssl iproute2 python3-paho-mqtt python3-numpy python3-pil python3-scipy python3-torch'

is_installed ()
{
  dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

# after an update of apt's lists, which a new system does not have
is_available ()
{
  [ -n "$(apt-cache madison "$1" 2>/dev/null)" ] && return
  as_root apt-get update -qq
  [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]
}

as_root ()
{
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

install_missing ()
{
  missing=
  for package in "$@"; do
    is_installed "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0

  echo "Installing$missing"
  as_root apt-get update -qq
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends $missing >/dev/null
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
case ${1-} in
  --bench) packages="$packages $bench_packages" ;;
  --tests) packages="$packages $test_packages" ;;
esac
# shellcheck disable=SC2086
install_missing $packages
gst_version=$(dpkg-query -W -f '${Version}' libgstreamer1.0-dev)
if dpkg --compare-versions "$gst_version" ge $analytics_version; then
  install_missing $analytics_package
fi

cd "$top"
[ -f build/build.ninja ] || meson setup build -Dwerror="${WERROR:-false}" >/dev/null
ninja -C build >build/ninja.log 2>&1 || {
  grep -E -A12 'FAILED|error:' build/ninja.log >&2 || cat build/ninja.log >&2
  exit 1
}
