#!/bin/sh
# Detects people, cars and more in a clip, without a board.

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=pipelines/machine.sh
. "$top/pipelines/machine.sh"
clip_package=opencv-doc
clip_name=vtest.avi

usage ()
{
  cat <<END
usage: pipelines/demo.sh [--model XMODEL] [--output FILE.mp4] [SOURCE]

Runs SOURCE through yolov5dpu and yolov5overlay into an .mp4 and prints what
was found, how fast, and where the time went. Ctrl-C ends it; the file is
playable then, too. Should it fail, or at a second Ctrl-C, an older FILE.mp4
stays as it was.

SOURCE is a file, a URI or a camera (/dev/videoN). Without one, it is the
pedestrian clip $clip_name of Debian's package $clip_package. Clips and
pictures of a phone that was held sideways are turned upright.

  --model XMODEL     the model (models/everyday/everyday-640x640_int.xmodel)
  --output FILE.mp4  what to write (demo.mp4)

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

# An error unless an .mp4 can be written at $1, from the source $2.
check_output ()
{
  case $1 in
    *.mp4) ;;
    *) complain "The output is a name that ends in .mp4, not \"$1\"" ;;
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

model=$top/models/everyday/everyday-640x640_int.xmodel
output=demo.mp4
source=$top/build/$clip_name
named=
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --model | --output)
      if [ $# -lt 2 ]; then
        usage >&2
        exit 2
      fi
      [ "$1" = --model ] && model=$2 || output=$2
      shift
      ;;
    -*)
      usage >&2
      exit 2
      ;;
    *)
      [ -z "$named" ] || complain "There are two sources, \"$source\" and" \
        "\"$1\": name one"
      named=yes
      source=$1
      ;;
  esac
  shift
done

# what is wrong is said before anything is installed
[ -z "$named" ] || check_source "$source"
[ -e "$model" ] || complain "There is no model \"$model\""
check_output "$output" "$source"

"$top/pipelines/setup.sh"
[ -n "$named" ] || fetch_clip

GST_PLUGIN_PATH_1_0=$top/build/gst${GST_PLUGIN_PATH_1_0:+:$GST_PLUGIN_PATH_1_0}
YOLOV5DPU_RUNNER=${YOLOV5DPU_RUNNER:-$top/build/src/swdpu/libvart-swdpu-runner.so.0}
export GST_PLUGIN_PATH_1_0 YOLOV5DPU_RUNNER
exec "$top/build/pipelines/yolov5dpu-demo" --model "$model" --output "$output" \
  "$source"
