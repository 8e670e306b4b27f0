#!/bin/sh
# Detects people, cars and more in a clip, without a board.

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
clip_package=opencv-doc
clip_name=vtest.avi

usage ()
{
  cat <<END
usage: pipelines/demo.sh [--model XMODEL] [--output FILE.mp4] [SOURCE]

Runs SOURCE through yolov5dpu and yolov5overlay into an .mp4 and prints what
was found, how fast, and where the time went. Ctrl-C ends it; the file is
playable then, too.

SOURCE is a file, a URI or a camera (/dev/videoN). Without one, it is the
pedestrian clip $clip_name of Debian's package $clip_package.

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
    *.gz) gunzip -c "$found" >"$clip" ;;
    *) cp "$found" "$clip" ;;
  esac
  rm -r "$folder"
}

model=$top/models/street/street-640x640_int.xmodel
output=demo.mp4
source=
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
    *) source=$1 ;;
  esac
  shift
done

"$top/pipelines/setup.sh"
if [ -z "$source" ]; then
  fetch_clip
  source=$top/build/$clip_name
fi

GST_PLUGIN_PATH_1_0=$top/build/gst${GST_PLUGIN_PATH_1_0:+:$GST_PLUGIN_PATH_1_0}
YOLOV5DPU_RUNNER=${YOLOV5DPU_RUNNER:-$top/build/src/swdpu/libvart-swdpu-runner.so.0}
export GST_PLUGIN_PATH_1_0 YOLOV5DPU_RUNNER
exec "$top/build/pipelines/yolov5dpu-demo" --model "$model" --output "$output" \
  "$source"
