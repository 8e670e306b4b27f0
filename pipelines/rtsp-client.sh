#!/bin/sh
# Shows a stream of an RTSP server or of an IP camera.

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=pipelines/machine.sh
. "$top/pipelines/machine.sh"

usage ()
{
  cat <<END
usage: pipelines/rtsp-client.sh [OPTION...] URL

Shows the video at URL, for example rtsp://127.0.0.1:8554/annotated of the
program yolov5dpu-rtsp-server. With --model it detects objects itself, which
makes an RTSP camera of any kind a source.

  --model XMODEL      detect objects with this model
  --detections        show no video, but print the detections that come along
                      at /clean of that program, a line of JSON for each frame
  --output OUTPUT     window (default), none, or the name of an .mp4 to write
  --seconds SECONDS   stop after that time
  --print             only print the pipeline, for use with gst-launch-1.0
END
}

model=
detections=
output=window
seconds=
print=
quiet=
take_options "print detections" "model output seconds" "$@"
shift "$taken"
if [ $# != 1 ]; then
  usage >&2
  exit 2
fi
case $1 in
  rtsp://* | rtsps://*) ;;
  *) complain "\"$1\" is not an RTSP address: they look like" \
    "rtsp://host:port/path" ;;
esac
find_tools
has_element rtspsrc || complain "There is no rtspsrc here: install" \
  "gstreamer1.0-plugins-good"
source="rtspsrc location=$(quote "$1") ! capsfilter caps=application/x-rtp,media"

if [ -n "$detections" ]; then
  quiet=yes
  run_pipeline "$source=application ! rtpgstdepay ! fdsink"
fi

detector=
if [ -n "$model" ]; then
  find_plugin
  pick_detector "$model"
  detector="videoconvert ! $detector !"
fi
pick_sink "$output"
run_pipeline "$source=video ! decodebin ! $detector $sink"
