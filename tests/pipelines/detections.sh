#!/bin/sh
# A program reads from the metadata what yolov5json writes.
#
# usage: tests/pipelines/detections.sh MODEL PROGRAM

set -eu

model=$1
program=$2
properties="threshold=0.3 inference-interval=2"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

gst-launch-1.0 -q videotestsrc num-buffers=10 ! \
  video/x-raw,width=320,height=240,framerate=30/1,format=I420 ! \
  x264enc speed-preset=ultrafast ! mp4mux ! \
  filesink location="$folder/clip.mp4"
# shellcheck disable=SC2086
gst-launch-1.0 -q filesrc location="$folder/clip.mp4" ! decodebin ! \
  yolov5dpu model="$model" $properties ! yolov5json ! \
  filesink location="$folder/clip.jsonl" 2>/dev/null

# the form in which the programs print it
python3 - "$folder/clip.jsonl" >"$folder/expected" <<'END'
import json
import sys

for line in open(sys.argv[1], encoding="utf-8"):
    frame = json.loads(line)
    time = frame["pts"] / 1e9
    for found in frame["detections"]:
        print("{:.3f} {confidence:.2f} {x},{y} {width}x{height} {label}".format(time, **found))
    if not frame["detections"]:
        print("{:.3f} {}".format(time, "nothing found" if frame["inferred"] else "not inferred"))
END
grep -q person "$folder/expected"
grep -q 'nothing found' "$folder/expected"
grep -q 'not inferred' "$folder/expected"

# the same lines, also where regions have lost what they can lose, and a sentence
# where there is no clip
check ()
{
  # shellcheck disable=SC2086
  "$@" "$model" "$folder/clip.mp4" $properties >"$folder/found" 2>/dev/null
  diff "$folder/expected" "$folder/found"
  # shellcheck disable=SC2086
  "$@" "$model" "$folder/clip.mp4" $properties \
    ! videoconvert ! video/x-raw,format=GRAY8 >"$folder/found" 2>/dev/null
  diff "$folder/expected" "$folder/found"
  if "$@" "$model" "$folder/nothing.mp4" >/dev/null 2>"$folder/errors"; then
    echo "a missing clip went unnoticed"
    exit 1
  fi
  grep -q 'not found' "$folder/errors"
}

case $program in
  *.py)
    for python in python3 /usr/bin/python3; do
      if "$python" -c 'import gi; gi.require_version ("GstVideo", "1.0")' \
        2>/dev/null; then
        check "$python" "$program"
        exit 0
      fi
    done
    echo "skipped: Python lacks gi (python3-gi, gir1.2-gst-plugins-base-1.0)"
    exit 77
    ;;
  *) check "$program" ;;
esac
