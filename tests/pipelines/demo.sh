#!/bin/sh
# demo.sh refuses at once, in words, what it would ignore or cannot do, and hands
# over the rest to yolov5dpu-detect. setup.sh and the program are stood in for.
#
# usage: tests/pipelines/demo.sh DETECT-PROGRAM SOURCE-DIRECTORY MODEL

set -eu

source=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
tree=$folder/tree
mkdir -p tree/pipelines tree/build/pipelines/detect tree/models
cp "$source"/pipelines/demo.sh "$source"/pipelines/machine.sh \
  "$source"/pipelines/demo-zones.ini tree/pipelines
cat >tree/pipelines/setup.sh <<'END'
#!/bin/sh
echo setup
END
cat >tree/build/pipelines/detect/yolov5dpu-detect <<'END'
#!/bin/sh
for argument; do
  echo "<$argument>"
done
END
chmod +x tree/pipelines/setup.sh tree/build/pipelines/detect/yolov5dpu-detect
touch tree/build/vtest.avi short.mp4 "a photo.JPG" zones.ini
echo old >old.mp4
mkdir folder.mp4

fail ()
{
  echo "$*"
  cat log
  exit 1
}

# the log has these words
says ()
{
  grep -qF -e "$1" log || fail "\"$1\" is missing in:"
}

# refuse WORDS ARGUMENT...: the script ends at once, with words that help
refuse ()
{
  words=$1
  shift
  if tree/pipelines/demo.sh "$@" >log 2>&1; then
    fail "demo.sh $*: this should be an error"
  fi
  says "$words"
  if grep -q setup log; then
    fail "demo.sh $*: it was built first"
  fi
  [ "$(cat old.mp4)" = old ] || fail "demo.sh $* touched the older file"
}

refuse 'two sources, "short.mp4" and "long.mp4"' short.mp4 long.mp4
refuse 'ends in .mp4, .jpg or .png, not "film.avi"' --output film.avi short.mp4
refuse 'no folder "nowhere"' --output nowhere/out.mp4 short.mp4
refuse 'The folder "/proc" cannot be written' --output /proc/out.mp4 short.mp4
refuse '"folder.mp4" is a folder' --output folder.mp4 short.mp4
refuse '"./short.mp4" is the source' --output ./short.mp4 short.mp4
refuse 'no file "missing.mp4"' --output old.mp4 missing.mp4
refuse '"folder.mp4" is a folder' --output old.mp4 folder.mp4
refuse 'no camera at /dev/video-none' --output old.mp4 /dev/video-none
refuse 'no model "none.xmodel"' --model none.xmodel --output old.mp4 short.mp4
refuse 'no model "none.xmodel"' --model=none.xmodel short.mp4
refuse 'no file "none.ini" with lines and zones' --zones=none.ini short.mp4
refuse 'no file ""' --output old.mp4 ""
refuse 'usage: pipelines/demo.sh' --nonsense short.mp4

# run ARGUMENT...: what the program would be given is in the log
run ()
{
  tree/pipelines/demo.sh "$@" >log 2>&1 || fail "demo.sh $* failed:"
  says setup
}

# the demo tracks, and its own clip is counted at lines and in zones
run
for words in '<--track>' '<--classes=person,bicycle,car>' '<--model=everyday>' '<--output=demo.mp4>' \
  "<--zones=$tree/pipelines/demo-zones.ini>" "<$tree/build/vtest.avi>"; do
  says "$words"
done
run --zones zones.ini --output=b.mp4 short.mp4
says '<--zones=zones.ini>'
says '<--output=b.mp4>'
says '<short.mp4>'
run "a photo.JPG"
says '<--output=demo.jpg>'
says '<a photo.JPG>'
if grep -q zones log; then
  fail "a photo has been given zones:"
fi
