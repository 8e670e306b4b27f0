#!/bin/sh
# Detects objects in the picture of a USB camera.

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=pipelines/machine.sh
. "$top/pipelines/machine.sh"

usage ()
{
  cat <<END
usage: pipelines/usb-camera.sh [OPTION...]

Shows a USB camera's picture with the objects found in it. A frame that finds
the DPU busy is shown without waiting.

  --device DEVICE     the camera (/dev/video0)
  --size WIDTHxHEIGHT of the picture (1280x720)
  --rate RATE         frames per second (30)
  --model XMODEL      the model (the demo's)
  --output OUTPUT     window (default), none, or the name of an .mp4 to write
  --seconds SECONDS   stop after that time
  --print             only print the pipeline, for use with gst-launch-1.0

"v4l2-ctl --list-formats-ext" (Debian: v4l-utils) lists what the camera can do.
END
}

device=/dev/video0
size=1280x720
rate=30
model=$top/models/everyday/everyday-640x384_int.xmodel
output=window
seconds=
print=
quiet=
take_options "print" "device size rate model output seconds" "$@"
if [ "$taken" != $# ]; then
  usage >&2
  exit 2
fi

split_size "$size"
check_number --rate "$rate"
check_camera "$device"
find_plugin
pick_detector "$model"
pick_sink "$output"

# raw at full speed needs more than USB 2 gives: most cameras send JPEG then
# shellcheck disable=SC2154 # of split_size
format="width=$width,height=$height,framerate=$rate/1"
run_pipeline "v4l2src device=$(quote "$device") !
  $(quote "video/x-raw,$format;image/jpeg,$format") ! decodebin !
  videoconvert ! $detector ! $sink"
