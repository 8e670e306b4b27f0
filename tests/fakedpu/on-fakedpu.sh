#!/bin/sh
# Runs a test on the fake DPU, which its programs preload. It has to pass, and
# to use all cores, or one of them where there is a picture at a time.
#
# usage: tests/fakedpu/on-fakedpu.sh MODULE CORES all|one COMMAND [ARGUMENT...]

set -eu

module=$1
cores=$2
used=$3
shift 3
record=$(mktemp)
trap 'rm -f "$record"' EXIT

status=0
FAKEDPU_CORES=$cores FAKEDPU_RECORD=$record LD_PRELOAD=$module "$@" \
  || status=$?
[ "$status" -eq 0 ] || exit "$status"

if [ "$used" = one ]; then
  [ -s "$record" ] || {
    echo "the DPU was not used"
    exit 1
  }
  exit 0
fi

core=0
while [ "$core" -lt "$cores" ]; do
  grep -qx "$core" "$record" || {
    echo "the DPU's core $core of $cores was not used"
    exit 1
  }
  core=$((core + 1))
done
