#!/bin/sh
# Who closes yolov5dpu-detect's window has the video up to there, as after Ctrl-C.
#
# usage: tests/pipelines/closed-window.sh YOLOV5DPU-DETECT PLUGIN MODEL

set -eu

detect=$1
plugin=$2
model=$3
n_frames=300

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/plugins"
cp "$plugin" "$folder/plugins/"
# one that no other test has, as the sink in it is the best of all
GST_REGISTRY=$folder/registry.bin
GST_PLUGIN_PATH_1_0=$GST_PLUGIN_PATH_1_0:$folder/plugins
# it has a window, but no display
DISPLAY=:none
export GST_REGISTRY GST_PLUGIN_PATH_1_0 DISPLAY
gst-launch-1.0 -q videotestsrc num-buffers=$n_frames ! \
  video/x-raw,format=I420,width=640,height=384,framerate=25/1 ! jpegenc ! \
  matroskamux ! filesink location="$folder/film.mkv"

fail ()
{
  echo "$1"
  cat "$folder/log"
  exit 1
}

count_frames ()
{
  gst-launch-1.0 -v filesrc location="$1" ! qtdemux ! h264parse ! \
    video/x-h264,alignment=au ! fakesink silent=false 2>/dev/null |
    grep -c "last-message = chain" || true
}

# the video is whole up to where the window was closed
CLOSING_WINDOW_FRAMES=100 "$detect" --show --device cpu --model "$model" \
  --output "$folder/film.mp4" "$folder/film.mkv" >"$folder/log" 2>&1 || fail "closing a window is a failure"
[ ! -e "$folder/film.mp4.part" ] || fail "an unfinished file is left"
n=$(count_frames "$folder/film.mp4")
[ "$n" -ge 100 ] && [ "$n" -lt $n_frames ] ||
  fail "the video has $n of $n_frames frames"
echo "with a video: $n of $n_frames frames"

# without a file it is the end, and no more films are shown
CLOSING_WINDOW_FRAMES=100 "$detect" --show --no-save --device cpu \
  --model "$model" "$folder/film.mkv" "$folder/film.mkv" >"$folder/log" 2>&1 ||
  fail "closing a window is a failure"
[ "$(grep -c '^.*film.mkv' "$folder/log")" -eq 1 ] || fail "another film was shown"

# pictures that were looked at are there
gst-launch-1.0 -q filesrc location="$folder/film.mkv" ! matroskademux ! \
  multifilesink max-files=10 location="$folder/picture-%03d.jpg"
mkdir "$folder/drawn"
CLOSING_WINDOW_FRAMES=5 "$detect" --show --device cpu --model "$model" \
  --output "$folder/drawn" \
  "$folder"/picture-*.jpg >"$folder/log" 2>&1 || fail "closing a window is a failure"
n=$(find "$folder/drawn" -name '*.jpg' | wc -l)
echo "with pictures: $n of 10"
[ "$n" -ge 5 ] && [ "$n" -lt 10 ] || fail "$n of 10 pictures were written"
