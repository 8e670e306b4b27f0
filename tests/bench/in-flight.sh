#!/bin/sh
# Frames per second of the element with one to three frames in flight, one
# thread of the software DPU each, and how many times the first that is.
#
# usage: tests/bench/in-flight.sh BUILD-DIRECTORY

set -eu

build=${1:?usage: tests/bench/in-flight.sh BUILD-DIRECTORY}
here=$(cd "$(dirname "$0")" && pwd)
model=$here/../../models/street/street-640x640_int.xmodel
frames=1200

GST_PLUGIN_PATH_1_0=$(cd "$build" && pwd)/gst
YOLOV5DPU_RUNNER=$(cd "$build" && pwd)/src/swdpu/libvart-swdpu-runner.so.0
export GST_PLUGIN_PATH_1_0 YOLOV5DPU_RUNNER

# seconds that $1 frames take with $2 in flight
run ()
{
  before=$(date +%s.%N)
  gst-launch-1.0 -q videotestsrc num-buffers="$1" pattern=black ! \
    video/x-raw,format=NV12,width=640,height=480 ! \
    yolov5dpu model="$model" device=cpu max-in-flight="$2" cpu-threads=1 ! \
    fakesink
  echo "$before $(date +%s.%N)" | awk '{ print $2 - $1 }'
}

for slots in 1 2 3; do
  # the start is not what is compared
  start=$(run 1 $slots)
  all=$(run $frames $slots)
  echo "$slots $frames $start $all"
done | awk '
  { rate = ($2 - 1) / ($4 - $3)
    if (NR == 1) first = rate
    printf "%d in flight  %6.1f frames/s  %.2f times one\n", $1, rate,
      rate / first }'
