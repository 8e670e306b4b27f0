#!/bin/sh
# What one stream of 1920x1080 gets of a DPU, against the time that a frame's
# letterbox takes: on a fake DPU that takes 7 ms for a run, of one to three cores,
# with the frames in flight that are chosen by default. Its results are made up,
# its pace is not a board's.
#
# usage: tests/bench/one-stream.sh BUILD-DIRECTORY [FRAMES]

set -eu

build=$(cd "${1:?usage: tests/bench/one-stream.sh BUILD-DIRECTORY [FRAMES]}" && pwd)
frames=${2:-200}
model=$build/tests/compiled/street/street-640x640_int.xmodel
pace=7

YOLOV5DPU_RUNNER=$build/src/swdpu/libvart-swdpu-runner.so.0
# any file serves as a bitstream that is not loaded
XLNX_VART_FIRMWARE=$build/tests/fakedpu/libfakedpu.so
FAKEDPU_PACE=$pace
FAKEDPU_REPEAT=1
export YOLOV5DPU_RUNNER XLNX_VART_FIRMWARE FAKEDPU_PACE FAKEDPU_REPEAT

ninja -C "$build" tests/bench/bench-one-stream \
  tests/compiled/street/street-640x640_int.xmodel \
  src/swdpu/libvart-swdpu-runner.so.0 >/dev/null
echo "cores  letterbox ms  DPU alone  one stream  of it"
for cores in 1 2 3; do
  # opened-model.c: two for each core, at least three
  slots=$((cores * 2 < 3 ? 3 : cores * 2))
  FAKEDPU_CORES=$cores "$build/tests/bench/bench-one-stream" "$model" \
    "$frames" "$slots" 1.9 2.9 4 6 8 |
    awk -v cores=$cores '
      { printf "%5d  %12.1f  %9.1f  %10.1f  %4.1f%%\n", cores, $1, $2, $3, $4 }'
done
