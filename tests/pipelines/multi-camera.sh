#!/bin/sh
# Four streams go through four detectors at once into one playable picture.
#
# usage: tests/pipelines/multi-camera.sh SOURCE-DIRECTORY MODEL

set -eu

script=$1/pipelines/multi-camera.sh
model=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# the last clip is of another size, rate and length
make_clip ()
{
  gst-launch-1.0 -q videotestsrc num-buffers="$1" ! \
    video/x-raw,format=I420,width="$2",height=240,framerate="$3"/1 ! \
    x264enc speed-preset=ultrafast ! mp4mux ! filesink location="$4"
}
make_clip 8 320 10 "$folder/a clip.mp4"
make_clip 20 432 25 "$folder/b.mp4"

for output in "$folder/all four.mp4" none; do
  "$script" --model "$model" --output "$output" "$folder/a clip.mp4" \
    "$folder/a clip.mp4" "$folder/a clip.mp4" "$folder/b.mp4" \
    >"$folder/log" 2>&1 || {
    cat "$folder/log"
    exit 1
  }
done
grep -q "Stream 4: $folder/b.mp4" "$folder/log"

# 0.8 s at 15 frames/s
gst-launch-1.0 -v filesrc location="$folder/all four.mp4" ! decodebin ! \
  videoconvert ! identity silent=false ! fakesink >"$folder/frames" 2>&1
frames=$(grep -c 'chain.*identity' "$folder/frames" || true)
if [ "$frames" -lt 12 ]; then
  echo "the picture of all streams has $frames frames, not 12 or more"
  cat "$folder/log"
  exit 1
fi
grep -q 'width=(int)1280, height=(int)720' "$folder/frames"

# live streams end when the time is up
"$script" --model "$model" --output none --seconds 2 test test \
  >"$folder/log" 2>&1 || {
  cat "$folder/log"
  exit 1
}
