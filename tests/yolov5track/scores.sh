#!/bin/sh
# Tracks of a real clip, scored against its ground truth: as good when few frames
# are looked at as when all are.
#
# usage: tests/yolov5track/scores.sh
#
# The clip is Debian's, the model AMD's, the ground truth MOTChallenge's; they lie
# outside of the project, as the scorer does.

set -eu

model=$TEST_SHARED_DIR/xmodels/amd-yolov5n-coco-640-b4096-vai30.xmodel
truth=$TEST_SHARED_DIR/tracking/PETS09-S2L1/gt.txt
scorer=$TEST_SHARED_DIR/tools/mot.py

skip ()
{
  echo "skipped: $1"
  exit 77
}

for file in "$model" "$truth" "$scorer" "$TEST_CLIP"; do
  [ -f "$file" ] || skip "$file is not there"
done
python=
for candidate in python3 /usr/bin/python3; do
  if "$candidate" -c 'import numpy, scipy' 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || skip "Python lacks SciPy (python3-scipy)"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=

# $1 what is scored, $2 a line of the scorer, and the least of each of its numbers
check ()
{
  what=$1
  line=$2
  shift 2
  echo "$what: $line"
  for least in "$@"; do
    name=${least%=*}
    echo "$line" | awk -v name="$name" -v least="${least#*=}" '
      { for (i = 1; i < NF; i++) if ($i == name) value = $(i + 1) }
      END { exit value == "" || value + 0 < least + 0 }' || {
      echo "  $name is below ${least#*=}"
      failed=yes
    }
  done
}

# $1 which frames are looked at, $2 the least MOTA of all frames
score ()
{
  gst-launch-1.0 -q filesrc location="$TEST_CLIP" ! decodebin ! \
    yolov5dpu model="$model" device="$TEST_DEVICE" classes=person \
    label-file="$TEST_LABELS_DIR/coco.txt" inference-interval="$1" ! \
    yolov5track ! yolov5json ! filesink location="$folder/tracks.jsonl"
  line=$("$python" "$scorer" "$truth" "$folder/tracks.jsonl" --every "$1")
  check "every frame of $1" "$line" HOTA=58 IDF1=80 MOTA=74
  [ "$1" = 1 ] && return
  line=$("$python" "$scorer" "$truth" "$folder/tracks.jsonl")
  check "all frames, one of $1 looked at" "$line" MOTA="$2"
}

score 1 74
score 2 73
score 3 68
score 5 55
[ -z "$failed" ]
