#!/bin/sh
# Live frames that a video sink shows in time, against what a fake DPU takes for
# a run: with the default, and as it is where frames wait for the device. The
# pace is not a board's.
#
# usage: tests/bench/live.sh BUILD-DIRECTORY MODEL [FRAMES [PACES]]
#
# MODEL is a compiled YOLOv5, as AMD's model zoo has them for the B4096. PACES are
# what a run takes, in milliseconds, in one word.

set -eu

usage='usage: tests/bench/live.sh BUILD-DIRECTORY MODEL [FRAMES [PACES]]'
build=$(cd "${1:?$usage}" && pwd)
model=${2:?$usage}
frames=${3:-300}
paces=${4:-5 50 100 200 400 1000 3000}

GST_PLUGIN_PATH_1_0=$build/gst
YOLOV5DPU_RUNNER=$build/src/swdpu/libvart-swdpu-runner.so.0
# any file serves as a bitstream that is not loaded
XLNX_VART_FIRMWARE=$build/tests/fakedpu/libfakedpu.so
FAKEDPU_MODELS=$model
FAKEDPU_REPEAT=1
export GST_PLUGIN_PATH_1_0 YOLOV5DPU_RUNNER XLNX_VART_FIRMWARE FAKEDPU_MODELS \
  FAKEDPU_REPEAT

echo "ms a run  no-block  frames  in time  inferences  delayed"
for pace in $paces; do
  for no_block in auto true false; do
    FAKEDPU_PACE=$pace LD_PRELOAD=$build/tests/fakedpu/libfakedpu.so \
      "$build/tests/bench/bench-live" "$frames" \
      "model=$model device=dpu timeout=60000000000 no-block=$no_block" |
      awk -v pace=$pace -v no_block=$no_block -v frames="$frames" '
        { printf "%8d  %8s  %6d  %6.1f%%  %10d  %7d\n", pace, no_block, frames,
            100 * $1 / frames, $2, $3 }'
  done
done
