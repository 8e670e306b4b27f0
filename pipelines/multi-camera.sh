#!/bin/sh
# Detects objects in up to four live streams at once, which share the DPU.

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=pipelines/machine.sh
. "$top/pipelines/machine.sh"

tile_width=640
tile_height=360
rate=15

usage ()
{
  cat <<END
usage: pipelines/multi-camera.sh [OPTION...] [SOURCE...]

Shows up to four streams side by side with the objects found in each. Every
stream has a yolov5dpu of its own; they share the model and the DPU. A frame
that finds the DPU busy is shown without waiting, so that pictures stay live.

SOURCE is a camera (/dev/videoN), a file, a URI, or "test" for a test picture.
Without one, there are four copies of the demo's clip where pipelines/demo.sh
has fetched it, else four test pictures.

  --model XMODEL      the model (the demo's)
  --output OUTPUT     window (default), none, or the name of an .mp4 to write
  --seconds SECONDS   stop after that time
  --print             only print the pipeline, for use with gst-launch-1.0
END
}

# the frames of source number $1, which is $2
source_of ()
{
  case $2 in
    test)
      echo "videotestsrc is-live=true pattern=$(pattern_of "$1") !
        video/x-raw,width=$tile_width,height=$tile_height,framerate=$rate/1"
      ;;
    /dev/video*)
      echo "v4l2src device=$(quote "$2") ! decodebin ! videoconvert"
      ;;
    *://*) echo "uridecodebin uri=$(quote "$2") ! videoconvert" ;;
    *)
      # as fast as a camera
      echo "filesrc location=$(quote "$2") ! decodebin ! videoconvert !
        clocksync"
      ;;
  esac
}

# what makes a file go on like a camera when the DPU is busy: it is not live
pace_of ()
{
  case $1 in
    test | /dev/video* | *://*) ;;
    *) echo no-block=true ;;
  esac
}

pattern_of ()
{
  case $1 in
    0) echo smpte ;;
    1) echo ball ;;
    2) echo circular ;;
    *) echo snow ;;
  esac
}

check_source ()
{
  case $1 in
    test | *://*) ;;
    /dev/video*) check_camera "$1" ;;
    *) [ -f "$1" ] || complain "There is no file \"$1\"" ;;
  esac
}

model=$top/models/everyday/everyday-640x384_int.xmodel
output=window
seconds=
print=
quiet=
take_options "print" "model output seconds" "$@"
shift "$taken"
if [ $# -gt 4 ]; then
  usage >&2
  exit 2
fi

if [ $# = 0 ]; then
  clip=$top/build/vtest.avi
  [ -f "$clip" ] || clip="test"
  set -- "$clip" "$clip" "$clip" "$clip"
fi
for source in "$@"; do
  check_source "$source"
done
find_plugin
pick_sink "$output"

# GStreamer >= 1.20 keeps pictures in shape
shape=
! has_property compositor sizing-policy || shape=sizing-policy=keep-aspect-ratio

streams=
places=
number=0
for source in "$@"; do
  echo "Stream $((number + 1)): $source" >&2
  pick_detector "$model" "$(pace_of "$source")"
  streams="$streams $(source_of "$number" "$source") !
    $detector ! queue max-size-buffers=4 ! mix.sink_$number"
  column=$((number % 2))
  row=$((number / 2))
  places="$places sink_$number::xpos=$((column * tile_width))
    sink_$number::ypos=$((row * tile_height))
    sink_$number::width=$tile_width sink_$number::height=$tile_height
    ${shape:+sink_$number::$shape}"
  number=$((number + 1))
done

# all of the format is said, or the compositor changes its mind when the next
# stream comes, which muxers do not take
run_pipeline "compositor name=mix background=black $places !
  video/x-raw,format=I420,colorimetry=bt709,pixel-aspect-ratio=1/1,width=$((2 * tile_width)),height=$((2 * tile_height)),framerate=$rate/1 !
  $sink $streams"
