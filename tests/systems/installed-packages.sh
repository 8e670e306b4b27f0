#!/bin/sh
# Installs the packages and runs a pipeline with nothing else said: the plug-in,
# the software DPU and the model are found where the packages put them. Part of
# tests/systems/packages.sh, which makes the folder that this runs in.
#
# usage: tests/systems/installed-packages.sh DIRECTORY

set -eu

packages=$PWD/$1
architecture=$(dpkg --print-architecture)
log=/build/installed-packages.log
QEMU_CPU=cortex-a53
export QEMU_CPU

apt-get update -qq
apt-get install -y -qq gstreamer1.0-tools gstreamer1.0-plugins-base \
  gstreamer1.0-plugins-good \
  "$packages"/gstreamer1.0-yolov5dpu_*_"$architecture".deb \
  "$packages"/gstreamer1.0-yolov5dpu-publish_*_"$architecture".deb \
  "$packages"/libvart-swdpu-runner0_*_"$architecture".deb \
  "$packages"/yolov5dpu-models_*_all.deb \
  --no-install-recommends >$log 2>&1 || {
  cat $log
  exit 1
}

for element in yolov5dpu yolov5track yolov5zones yolov5overlay yolov5json \
  yolov5publish; do
  gst-inspect-1.0 "$element" >/dev/null
done
gst-launch-1.0 -m videotestsrc num-buffers=3 ! \
  video/x-raw,width=640,height=360 ! \
  yolov5dpu device=cpu post-messages=true \
  model=/usr/share/yolov5dpu/models/everyday-640x384_int.xmodel ! \
  yolov5overlay ! fakesink >$log 2>&1 || {
  cat $log
  exit 1
}
frames=$(grep -c 'yolov5dpu.*detections' $log || true)
[ "$frames" -eq 3 ] || {
  cat $log
  echo "detections were posted for $frames frames instead of 3"
  exit 1
}

# the tool finds the model by its name
gst-launch-1.0 -q videotestsrc num-buffers=1 ! jpegenc ! \
  filesink location=/build/picture.jpg
yolov5dpu-detect --model=everyday --device=cpu --output=/build/boxes.png \
  /build/picture.jpg >$log 2>&1 || {
  cat $log
  echo "yolov5dpu-detect does not run"
  exit 1
}
[ -s /build/boxes.png ]
