#!/bin/sh
# Times the software DPU beside OpenCV's DNN module on this machine, and ONNX
# Runtime where it is, in one run, and prints how many times faster it is.
#
# usage: tests/bench/run.sh BUILD-DIRECTORY
#        tests/bench/run.sh --table [BUILD-DIRECTORY]
#
# --table measures everything that docs/performance.md has a table of, and writes
# these tables anew. It takes some minutes and wants the machine to itself.
#
# pipelines/setup.sh --bench installs what it needs.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
if [ "${1-}" = --table ]; then
  build=${2:-build}
  ninja -C "$build" >/dev/null
  exec "$here/tables.py" "$build" "$here/../../docs/performance.md"
fi
build=${1:?usage: tests/bench/run.sh [--table] BUILD-DIRECTORY}
model=$here/../../models/street/street-640x640_int.xmodel

ninja -C "$build" tests/bench/bench-swdpu >/dev/null
ours=$("$build/tests/bench/bench-swdpu" "$model")
echo "$ours"
echo
# Debian's packages are the system's Python's
theirs=$(/usr/bin/python3 "$here/opencv-peer.py")
if /usr/bin/python3 -c 'import onnxruntime' 2>/dev/null; then
  # Debian's onnx and ONNX Runtime complain of each other at each start
  onnxruntime=$(/usr/bin/python3 "$here/onnxruntime-peer.py" 2>&1) || {
    echo "$onnxruntime" >&2
    exit 1
  }
  theirs="$theirs
$(echo "$onnxruntime" | grep '^ONNX Runtime')"
else
  echo "ONNX Runtime is left out: there is no python3-onnxruntime, as Debian 13 has"
fi
echo "$theirs"
echo
printf '%s\n%s\n' "$ours" "$theirs" | awk '
  /^[12] threads? / { ours[$1] = $3 }
  /^(OpenCV|ONNX Runtime) / {
    for (i = 1; i < NF; i++) if ($i ~ /^thread/) n = $(i - 1)
    peer = $1 == "ONNX" ? "ONNX Runtime in int8" : "OpenCV in float"
    theirs[peer, n] = $(NF - 1)
    peers[peer]
  }
  END {
    for (peer in peers)
      for (n = 1; n <= 2; n++)
        printf "%d thread(s): %s / software DPU = %.2f\n", n, peer,
          theirs[peer, n] / ours[n]
  }'
