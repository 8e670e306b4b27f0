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
makes an RTSP camera of any kind a source. When a stream that was there ends or
breaks off, it connects again; not where it is written into a file.

  --model XMODEL      detect objects with this model
  --detections        show no video, but print the detections that come along
                      at /clean of that program, a line of JSON for each frame
  --output OUTPUT     window (default), none, or the name of an .mp4 to write
  --seconds SECONDS   stop after that time
  --print             only print the pipeline, for use with gst-launch-1.0
END
}

# Runs a pipeline as run_pipeline () does, and again when the stream is lost. One
# that cannot be had in the first place is an error.
keep_running ()
{
  child=
  stopped=
  was_there=
  end=${seconds:+$(($(date +%s) + seconds))}
  # Ctrl-C comes to the pipeline by itself
  trap 'stopped=yes' INT
  trap 'stopped=yes; [ -z "$child" ] || kill "$child"' TERM HUP
  while true; do
    start=$(date +%s)
    (
      trap - TERM HUP
      run_pipeline "$1"
    ) &
    child=$!
    status=0
    wait "$child" || status=$?
    # a signal ends the wait, and then the pipeline
    [ -z "$stopped" ] || wait "$child" || status=$?
    child=
    [ -z "$stopped" ] || exit "$status"
    now=$(date +%s)
    [ -z "$seconds" ] || [ "$now" -lt "$end" ] || exit "$status"
    [ -n "$was_there" ] || [ $((now - start)) -ge 5 ] || exit "$status"
    was_there=yes
    [ -z "$seconds" ] || seconds=$((end - now))
    echo "The stream is lost: connecting again" >&2
    sleep 2
  done
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
  pipeline="$source=application ! rtpgstdepay ! fdsink"
  [ -z "$print" ] || run_pipeline "$pipeline"
  [ -z "$seconds" ] || check_number --seconds "$seconds"
  keep_running "$pipeline"
fi

detector=
if [ -n "$model" ]; then
  find_plugin
  pick_detector "$model"
  detector="videoconvert ! $detector !"
fi
pick_sink "$output"
pipeline="$source=video ! decodebin ! $detector $sink"
case $output in
  *.mp4) run_pipeline "$pipeline" ;;
esac
[ -z "$print" ] || run_pipeline "$pipeline"
[ -z "$seconds" ] || check_number --seconds "$seconds"
keep_running "$pipeline"
