#!/bin/sh
# Runs a test on the fake DPU, which its programs preload. It has to pass, and
# to use all cores.
#
# usage: tests/fakedpu/on-fakedpu.sh MODULE CORES COMMAND [ARGUMENT...]

set -eu

module=$1
cores=$2
shift 2
record=$(mktemp)
trap 'rm -f "$record"' EXIT

status=0
FAKEDPU_CORES=$cores FAKEDPU_RECORD=$record LD_PRELOAD=$module "$@" \
  || status=$?
[ "$status" -eq 0 ] || exit "$status"

core=0
while [ "$core" -lt "$cores" ]; do
  grep -qx "$core" "$record" || {
    echo "the DPU's core $core of $cores was not used"
    exit 1
  }
  core=$((core + 1))
done
