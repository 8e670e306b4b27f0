#!/bin/sh
# What the element makes of a DPU: frames per second and latency against the
# frames in flight, on a fake DPU of one and of two cores that takes 20 ms for a
# run. Its results are made up, its pace is not a board's.
#
# usage: tests/bench/fakedpu.sh BUILD-DIRECTORY MODEL
#
# MODEL is a compiled YOLOv5, as AMD's model zoo has them for the B4096.

set -eu

usage='usage: tests/bench/fakedpu.sh BUILD-DIRECTORY MODEL'
build=$(cd "${1:?$usage}" && pwd)
model=${2:?$usage}
pace=20
frames=500

[ -f "$model" ] || {
  echo "There is no model $model" >&2
  exit 1
}

GST_PLUGIN_PATH_1_0=$build/gst
YOLOV5DPU_RUNNER=$build/src/swdpu/libvart-swdpu-runner.so.0
# any file serves as a bitstream that is not loaded
XLNX_VART_FIRMWARE=$build/tests/fakedpu/libfakedpu.so
FAKEDPU_MODELS=$model
FAKEDPU_PACE=$pace
FAKEDPU_REPEAT=1
export GST_PLUGIN_PATH_1_0 YOLOV5DPU_RUNNER XLNX_VART_FIRMWARE FAKEDPU_MODELS \
  FAKEDPU_PACE FAKEDPU_REPEAT

echo "cores  in flight  frames/s  of possible  p50 ms  p99 ms"
for cores in 1 2; do
  for slots in 1 2 3 4; do
    FAKEDPU_CORES=$cores \
      LD_PRELOAD=$build/tests/fakedpu/libfakedpu.so \
      "$build/tests/bench/bench-in-out" $frames \
      "model=$model device=dpu max-in-flight=$slots" |
      awk -v cores=$cores -v slots=$slots -v pace=$pace '
        { printf "%5d  %9d  %8.1f  %10.1f%%  %6.1f  %6.1f\n", cores, slots, $1,
            $1 * pace / cores / 10, $2, $3 }'
  done
done
