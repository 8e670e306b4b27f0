#!/bin/sh
# Detects objects in the picture of a MIPI camera on a Kria board.

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=pipelines/machine.sh
. "$top/pipelines/machine.sh"

usage ()
{
  cat <<END
usage: pipelines/mipi-camera.sh [OPTION...]

Shows a MIPI camera's picture with the objects found in it. The camera, its
image processor (ISP) and the DPU must be in the bitstream that is loaded. Not
tried on a board yet: none was available.

  --media DEVICE      the camera's media device, for AMD's mediasrcbin
                      (/dev/media0)
  --device DEVICE     the camera's video device, where there is no mediasrcbin;
                      its formats must have been set with media-ctl
                      (/dev/video0)
  --size WIDTHxHEIGHT of the picture (1920x1080)
  --rate RATE         frames per second (30)
  --model XMODEL      the model (the demo's)
  --output OUTPUT     window (default), none, or the name of an .mp4 to write
  --seconds SECONDS   stop after that time
  --print             only print the pipeline, for use with gst-launch-1.0
END
}

# Sets $source. Frames stay in the memory that the ISP writes, as DMABufs.
pick_source ()
{
  # a printed pipeline may be for another machine
  if has_element mediasrcbin && [ -c "$media" ] \
    || [ -n "$print" ] && has_element mediasrcbin; then
    echo "Camera: $media through mediasrcbin" >&2
    source="mediasrcbin media-device=$(quote "$media")
      v4l2src0::io-mode=dmabuf v4l2src0::stride-align=256"
  elif [ -c "$device" ] || [ -n "$print" ]; then
    echo "Camera: $device" >&2
    source="v4l2src device=$(quote "$device") io-mode=dmabuf"
  else
    complain "There is no MIPI camera here: neither mediasrcbin with $media," \
      "nor $device. Load a bitstream with a camera (Kria: \"xmutil listapps\"" \
      "and \"xmutil loadapp\"), or name the devices"
  fi
}

media=/dev/media0
device=/dev/video0
size=1920x1080
rate=30
model=$top/models/everyday/everyday-640x384_int.xmodel
output=window
seconds=
print=
quiet=
take_options "print" "media device size rate model output seconds" "$@"
if [ "$taken" != $# ]; then
  usage >&2
  exit 2
fi

split_size "$size"
check_number --rate "$rate"
find_plugin
pick_source
pick_detector "$model"
pick_sink "$output"

run_pipeline "$source !
  video/x-raw,format=NV12,width=$width,height=$height,framerate=$rate/1 !
  $detector ! $sink"
