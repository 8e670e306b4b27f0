#!/bin/sh
# Times the software DPU beside OpenCV's DNN module on this machine, in one run,
# and prints how many times faster it is.
#
# usage: tests/bench/run.sh BUILD-DIRECTORY
#
# pipelines/setup.sh --bench installs what it needs.

set -eu

build=${1:?usage: tests/bench/run.sh BUILD-DIRECTORY}
here=$(cd "$(dirname "$0")" && pwd)
model=$here/../../models/street/street-640x640_int.xmodel

ninja -C "$build" tests/bench/bench-swdpu >/dev/null
ours=$("$build/tests/bench/bench-swdpu" "$model")
echo "$ours"
echo
# Debian's packages are the system's Python's
theirs=$(/usr/bin/python3 "$here/opencv-peer.py")
echo "$theirs"
echo
printf '%s\n%s\n' "$ours" "$theirs" | awk '
  /^[12] threads? / { ours[$1] = $3 }
  /^OpenCV/ { for (i = 1; i < NF; i++) if ($i ~ /^thread/) n = $(i - 1)
              theirs[n] = $(NF - 1) }
  END {
    for (n = 1; n <= 2; n++)
      printf "%d thread(s): OpenCV / software DPU = %.2f\n", n,
        theirs[n] / ours[n]
  }'
