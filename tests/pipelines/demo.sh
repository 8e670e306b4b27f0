#!/bin/sh
# The demo writes a playable file and a summary, also when it is interrupted.
#
# usage: tests/pipelines/demo.sh DEMO-PROGRAM MODEL

set -eu

demo=$1
model=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

make_clip ()
{
  gst-launch-1.0 -q videotestsrc num-buffers="$1" ! \
    video/x-raw,width=320,height=240,framerate=30/1 ! \
    x264enc speed-preset=ultrafast ! mp4mux ! filesink location="$2"
}

count_frames ()
{
  gst-launch-1.0 -v filesrc location="$1" ! decodebin ! videoconvert ! \
    identity silent=false ! fakesink | grep -c 'chain.*identity' || true
}

make_clip 10 "$folder/short.mp4"
"$demo" --model "$model" --output "$folder/out.mp4" "$folder/short.mp4" \
  >"$folder/log" 2>&1
for words in '10 frames' 'Objects' 'letterbox' 'inference' "$folder/out.mp4"; do
  grep -q "$words" "$folder/log" || {
    echo "the summary lacks \"$words\""
    cat "$folder/log"
    exit 1
  }
done
[ "$(count_frames "$folder/out.mp4")" -eq 10 ] || {
  echo "out.mp4 does not hold 10 frames"
  exit 1
}

# Ctrl-C in the middle: fewer frames, but playable
make_clip 3000 "$folder/long.mp4"
"$demo" --model "$model" --output "$folder/part.mp4" "$folder/long.mp4" \
  >"$folder/log" 2>&1 &
until [ -s "$folder/part.mp4" ]; do
  kill -0 $! || exit 1
  sleep 0.1
done
kill -INT $!
wait $!
frames=$(count_frames "$folder/part.mp4")
if [ "$frames" -lt 1 ] || [ "$frames" -ge 3000 ]; then
  echo "the interrupted file holds $frames frames"
  exit 1
fi

# what cannot be opened is an error, not a hang
if "$demo" --model "$model" --output "$folder/none.mp4" "$folder/nothing.mp4" \
  >"$folder/log" 2>&1; then
  echo "a missing clip went unnoticed"
  exit 1
fi
grep -q 'Error' "$folder/log"
