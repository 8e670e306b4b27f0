#!/bin/sh
# Detects people, cars and more in a clip, without a board.

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=pipelines/machine.sh
. "$top/pipelines/machine.sh"
clip_package=opencv-doc
clip_name=vtest.avi
zones_name=pipelines/demo-zones.ini

usage ()
{
  cat <<END
usage: pipelines/demo.sh [--model NAME|FILE] [--output FILE] [--zones FILE] [SOURCE]

Runs SOURCE through yolov5dpu, yolov5track and yolov5overlay into an .mp4, and
prints how many different objects there were, for how long they were seen, how
many crossed lines and were in zones, and where the time went. Ctrl-C ends it;
the file is playable then, too. Should it fail, or at a second Ctrl-C, an older
FILE stays as it was. yolov5dpu-detect can do more.

SOURCE is a clip, a picture, a URI or a camera (/dev/videoN). Without one, it is
the pedestrian clip $clip_name of Debian's package $clip_package, with the lines
and zones of $zones_name. What was taken with a phone that was held sideways is
turned upright.

  --model NAME|FILE  an installed model or an .xmodel file (everyday)
  --output FILE      what to write (demo.mp4; demo.jpg of a picture)
  --zones FILE       lines and zones to count at, see docs/elements/yolov5zones.md

Installs what is missing on this machine (Debian 12) and builds the plug-in.
END
}

fetch_clip ()
{
  clip=$top/build/$clip_name
  [ ! -f "$clip" ] || return 0

  echo "Fetching $clip_name out of the package $clip_package"
  folder=$(mktemp -d)
  (
    cd "$folder"
    chmod 777 . # apt downloads as a user of its own
    apt-get download -qq "$clip_package"
    dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards "*/$clip_name*"
  )
  found=$(find "$folder" -name "$clip_name*" | head -n 1)
  case $found in
    *.gz) gunzip -c "$found" >"$clip.part" ;;
    *) cp "$found" "$clip.part" ;;
  esac
  mv "$clip.part" "$clip"
  rm -r "$folder"
}

check_source ()
{
  case $1 in
    *://*) ;;
    /dev/video*) check_camera "$1" ;;
    *)
      [ -e "$1" ] || complain "There is no file \"$1\""
      [ ! -d "$1" ] || complain "\"$1\" is a folder: name a file in it"
      ;;
  esac
}

# An error unless $1 can be written, from the source $2.
check_output ()
{
  case $1 in
    *.mp4 | *.jpg | *.jpeg | *.png) ;;
    *) complain "The output is a name that ends in .mp4, .jpg or .png, not" \
      "\"$1\"" ;;
  esac
  folder=$(dirname -- "$1")
  [ -d "$folder" ] || complain "There is no folder \"$folder\" to write \"$1\"" \
    "into"
  # what root may write and what can be written differ
  trial=$(mktemp "$folder/demo.XXXXXX" 2>/dev/null) || complain "The folder" \
    "\"$folder\" cannot be written into: name another place for \"$1\""
  rm "$trial"
  [ ! -d "$1" ] || complain "\"$1\" is a folder, not a name for a file"
  # shellcheck disable=SC3013 # dash, busybox and bash have it
  [ ! "$1" -ef "$2" ] || complain "\"$1\" is the source: give the output" \
    "another name"
}

# An error unless $1 may be a model: of a name, what is installed decides.
check_model ()
{
  case $1 in
    */* | *.xmodel) [ -e "$1" ] || complain "There is no model \"$1\"" ;;
  esac
}

model=everyday
output=
zones=
take_options "" "model output zones" "$@"
shift "$taken"
[ $# -le 1 ] || complain "There are two sources, \"$1\" and \"$2\": name one"

# what is wrong is said before anything is installed
[ $# = 0 ] || check_source "$1"
source=${1-$top/build/$clip_name}
[ $# != 0 ] || [ -n "$zones" ] || zones=$top/$zones_name
# what is in the clip, and what the model is good at
classes=
[ $# != 0 ] || [ "$model" != everyday ] || classes=person,bicycle,car
if [ -z "$output" ]; then
  case $source in
    *.jpg | *.jpeg | *.png | *.JPG | *.JPEG | *.PNG) output=demo.jpg ;;
    *) output=demo.mp4 ;;
  esac
fi
check_model "$model"
[ -z "$zones" ] || [ -f "$zones" ] || complain "There is no file \"$zones\"" \
  "with lines and zones"
check_output "$output" "$source"

"$top/pipelines/setup.sh"
[ $# != 0 ] || fetch_clip

GST_PLUGIN_PATH_1_0=$top/build/gst${GST_PLUGIN_PATH_1_0:+:$GST_PLUGIN_PATH_1_0}
YOLOV5DPU_RUNNER=${YOLOV5DPU_RUNNER:-$top/build/src/swdpu/libvart-swdpu-runner.so.0}
YOLOV5DPU_MODELS=${YOLOV5DPU_MODELS:-$top/models}
export GST_PLUGIN_PATH_1_0 YOLOV5DPU_RUNNER YOLOV5DPU_MODELS
exec "$top/build/pipelines/detect/yolov5dpu-detect" --track \
  --model="$model" --output="$output" ${zones:+--zones="$zones"} \
  ${classes:+--classes=$classes} -- "$source"
