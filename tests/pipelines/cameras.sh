#!/bin/sh
# The camera scripts pick what a machine has, and say what it lacks. Machines are
# made up by a gst-inspect-1.0 that knows the elements in $elements only.
#
# usage: tests/pipelines/cameras.sh SOURCE-DIRECTORY

set -eu

pipelines=$1/pipelines
model=$1/models/everyday/everyday-640x384_int.xmodel
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

mkdir "$folder/bin"
cat >"$folder/bin/gst-inspect-1.0" <<'END'
#!/bin/sh
for name; do :; done
if [ "$1" = --exists ]; then
  case " $elements " in *" $name "*) exit 0 ;; esac
  exit 1
fi
for property in $properties; do
  echo "  $property : of $name"
done
END
chmod +x "$folder/bin/gst-inspect-1.0"
PATH=$folder/bin:$PATH
unset DISPLAY WAYLAND_DISPLAY
elements="yolov5dpu rtspsrc"
properties=
export PATH elements properties

# run STATUS SCRIPT ARGUMENT...: what the script says is in $folder/log
run ()
{
  expected=$1
  script=$2
  shift 2
  status=0
  "$pipelines/$script.sh" "$@" >"$folder/log" 2>&1 || status=$?
  [ "$status" = "$expected" ] || {
    echo "$script.sh $* ended with $status, not $expected:"
    cat "$folder/log"
    exit 1
  }
}

# the log has, or lacks, these words
says ()
{
  grep -qF -e "$1" "$folder/log" || {
    echo "\"$1\" is missing in:"
    cat "$folder/log"
    exit 1
  }
}

lacks ()
{
  if grep -qF -e "$1" "$folder/log"; then
    echo "\"$1\" should not be in:"
    cat "$folder/log"
    exit 1
  fi
}

# every script explains itself, and refuses what it does not know
for script in demo usb-camera mipi-camera multi-camera rtsp-client; do
  run 0 "$script" --help
  says "usage: pipelines/$script.sh"
  run 2 "$script" --nonsense
  says "usage: pipelines/$script.sh"
  run 2 "$script" --model
done
run 2 multi-camera test test test test test
run 2 usb-camera /dev/video0
run 2 usb-camera "--print model"
run 2 usb-camera -print
run 2 usb-camera "--model output=none"
run 2 usb-camera --print=yes
run 1 usb-camera --device=/dev/null "--output=a film.avi"
says '"a film.avi"'
run 2 rtsp-client

# a missing camera, file or address is a sentence that names it
run 1 usb-camera --device "$folder/video7"
says "There is no camera at $folder/video7"
run 1 mipi-camera --media "$folder/media7" --device "$folder/video7"
says "$folder/media7"
says "$folder/video7"
says xmutil
run 1 multi-camera --output none "$folder/none.mp4"
says "$folder/none.mp4"
run 1 rtsp-client http://localhost/
says "http://localhost/"
run 1 usb-camera --device /dev/null --model "$folder/none.xmodel"
says "$folder/none.xmodel"
run 1 usb-camera --device /dev/null --output film.avi
says film.avi

# so is a wrong number
for size in 1280 x 1280x x720 1280x720x1 ax720 12.5x7; do
  run 1 usb-camera --device /dev/null --size "$size"
  says "WIDTHxHEIGHT"
  says "\"$size\""
done
run 1 mipi-camera --rate fast
says '--rate takes a whole number, not "fast"'
run 1 multi-camera --output none --seconds -1 test
says '--seconds takes a whole number, not "-1"'

# so is a missing plug-in, display or encoder
elements="x264enc"
run 1 usb-camera --device /dev/null
says pipelines/setup.sh
elements="yolov5dpu"
run 1 usb-camera --device /dev/null --output window
says "There is no display"
says "--output none"
run 1 usb-camera --device /dev/null --output film.mp4
says omxh264enc
says gstreamer1.0-plugins-ugly

# usb ARGUMENT...: what the script makes of a camera
usb ()
{
  run 0 usb-camera --print --device /dev/null "$@"
}

# the encoder: hardware first
for row in "omxh264enc v4l2h264enc x264enc" "v4l2h264enc x264enc" "x264enc"; do
  elements="yolov5dpu $row"
  usb --output film.mp4
  says "Encoder: ${row%% *}"
  says " ! ${row%% *} "
done

# the display of a desktop
elements="yolov5dpu autovideosink kmssink"
DISPLAY=:0
export DISPLAY
usb
unset DISPLAY
says "Display: autovideosink"
says " ! autovideosink "

# a live picture needs no properties to go on
usb --output none
says "yolov5dpu model='$model' ! yolov5overlay ! fakesink"

# size and rate of the camera, raw or as JPEG
usb --output none --size 640x480 --rate 15
says "'video/x-raw,width=640,height=480,framerate=15/1;image/jpeg,width=640,"

# frames of a MIPI camera stay where they are, with AMD's source and without
elements="yolov5dpu mediasrcbin"
run 0 mipi-camera --print --output none --media /dev/null
says "mediasrcbin media-device='/dev/null' v4l2src0::io-mode=dmabuf"
elements="yolov5dpu"
run 0 mipi-camera --print --output none --device /dev/null
says "v4l2src device='/dev/null' io-mode=dmabuf"
says "format=NV12,width=1920,height=1080,framerate=30/1"

# each stream has a detector and a place of its own
run 0 multi-camera --print --output none test rtsp://host/path test
for words in mix.sink_0 mix.sink_1 mix.sink_2 "uri='rtsp://host/path'" \
  "sink_2::ypos=360" "model='$model'"; do
  says "$words"
done
lacks mix.sink_3
lacks no-block

# a file goes on like a camera
run 0 multi-camera --print --output none test "$model"
says "location='$model'"
says "yolov5dpu model='$model' no-block=true ! yolov5overlay"

# pictures keep their shape where GStreamer can do so
lacks sizing-policy
properties=sizing-policy
run 0 multi-camera --print --output none test
says "sink_0::sizing-policy=keep-aspect-ratio"

# a pipeline is printed without camera or display: it may be for another machine
elements="yolov5dpu"
run 0 usb-camera --print --device "$folder/video7"
says "v4l2src device='$folder/video7'"
says " ! autovideosink "
run 0 mipi-camera --print --media "$folder/media7" --device "$folder/video7"
says "v4l2src device='$folder/video7' io-mode=dmabuf"
run 0 multi-camera --print --output=none "/dev/video-none" test
says "device='/dev/video-none'"

# any name is one word of the pipeline
elements="yolov5dpu x264enc"
usb --output "it's a  \\n film.mp4"
says "location='it'\\''s a  \\\\n film.mp4'"

# the client detects only when asked, and prints detections without video
elements="yolov5dpu rtspsrc"
run 0 rtsp-client --print --output none rtsp://host/path
lacks yolov5dpu
run 0 rtsp-client --print --output none --model "$model" rtsp://host/path
says yolov5overlay
run 0 rtsp-client --print --detections rtsp://host/clean
says "media=application ! rtpgstdepay ! fdsink"

# A stream that was there and is lost is connected to again, for as long as it is
# wanted, also where that does not work at once; one that was not there is an
# error. $step seconds pass whenever somebody looks at the clock, none while he
# sleeps, and two once the stream is lost.
cat >"$folder/bin/gst-launch-1.0" <<'END'
#!/bin/sh
echo "launched $*"
echo 2 >"$clock.step"
exit 1
END
cat >"$folder/bin/date" <<'END'
#!/bin/sh
now=$(cat "$clock")
echo $((now + $(cat "$clock.step"))) >"$clock"
echo "$now"
END
printf '#!/bin/sh\n' >"$folder/bin/sleep"
# shellcheck disable=SC2016
printf '#!/bin/sh\nwhile [ "$1" != gst-launch-1.0 ]; do shift; done; exec "$@"\n' \
  >"$folder/bin/timeout"
chmod +x "$folder"/bin/*
clock=$folder/clock
export clock
echo 0 >"$clock"
echo 10 >"$clock.step"
run 1 rtsp-client --seconds 60 --output none rtsp://host/path
[ "$(grep -c launched "$folder/log")" -ge 5 ] || {
  echo "not connected again for a minute:"
  cat "$folder/log"
  exit 1
}
says "The stream is lost: connecting again"
echo 1 >"$clock.step"
run 1 rtsp-client --seconds 60 --output none rtsp://host/path
lacks "connecting again"
echo 10 >"$clock.step"
elements="yolov5dpu rtspsrc x264enc"
run 1 rtsp-client --seconds 60 --output film.mp4 rtsp://host/path
lacks "connecting again"
