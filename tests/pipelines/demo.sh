#!/bin/sh
# The demo writes a playable file and a summary, also when it is interrupted;
# what fails leaves an older file alone, and says what is wrong with which file.
#
# usage: tests/pipelines/demo.sh DEMO-PROGRAM SOURCE-DIRECTORY MODEL

set -eu

demo=$1
script=$2/pipelines/demo.sh
model=$3
folder=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid"; rm -rf "$folder"' EXIT

fail ()
{
  echo "$*"
  cat "$folder/log"
  exit 1
}

# with pixels twice as wide as high
make_clip ()
{
  gst-launch-1.0 -q videotestsrc num-buffers="$1" ! \
    video/x-raw,width=320,height=240,framerate=30/1,pixel-aspect-ratio=2/1 ! \
    x264enc speed-preset=ultrafast ! mp4mux ! filesink location="$2"
}

# what GStreamer says of the frames of a clip
show_frames ()
{
  gst-launch-1.0 -v filesrc location="$1" ! decodebin ! videoconvert ! \
    identity silent=false name=frames ! fakesink
}

count_frames ()
{
  show_frames "$1" | grep -c 'chain.*frames' || true
}

# run OUTPUT SOURCE: what the program says is in $folder/log
run ()
{
  "$demo" --model "$model" --output "$folder/$1" "$folder/$2" \
    >"$folder/log" 2>&1
}

# the log has these words
says ()
{
  grep -qF -e "$1" "$folder/log" || fail "\"$1\" is missing in:"
}

# nothing but the older file is there
check_untouched ()
{
  [ "$(cat "$folder/old.mp4")" = old ] || fail "$1 touched the older file"
  [ ! -e "$folder/old.mp4.part" ] || fail "$1 left a part behind"
}

# start OUTPUT: runs the program in the background until it has written some
start ()
{
  "$demo" --model "$model" --output "$folder/$1" "$folder/long.mp4" \
    >"$folder/log" 2>&1 &
  pid=$!
  until [ -s "$folder/$1.part" ]; do
    kill -0 "$pid" || fail "ended by itself"
    sleep 0.1
  done
}

make_clip 10 "$folder/short.mp4"
run out.mp4 short.mp4 || fail "a clip is no source"
for words in '10 frames' 'Objects' 'letterbox' 'inference' "$folder/out.mp4"; do
  says "$words"
done
[ "$(count_frames "$folder/out.mp4")" -eq 10 ] || fail "not 10 frames in out.mp4"
[ ! -e "$folder/out.mp4.part" ] || fail "a part is left"

# a clip that is to be turned comes out upright: its matrix, behind the 44 bytes
# of the box's name, times and the like, says so, by 90 degrees to the right
python3 - "$folder/short.mp4" "$folder/turned.mp4" <<'END'
import struct, sys
clip = bytearray (open (sys.argv[1], "rb").read ())
matrix = clip.index (b"tkhd") + 44
clip[matrix:matrix + 36] = struct.pack (">9i", 0, 1 << 16, 0, -1 << 16, 0, 0,
    240 << 16, 0, 1 << 30)
open (sys.argv[2], "wb").write (clip)
END
run upright.mp4 turned.mp4 || fail "a turned clip is no source"
says '10 frames'
if grep -q 'is to be turned' "$folder/log"; then
  fail "it was turned, and there is a warning that it should be:"
fi
show_frames "$folder/upright.mp4" >"$folder/log"
says 'width=(int)240, height=(int)320'
says 'pixel-aspect-ratio=(fraction)1/2'

# so does a picture with EXIF data
gst-launch-1.0 -q videotestsrc num-buffers=1 ! \
  video/x-raw,width=320,height=240 ! jpegenc ! \
  taginject tags=image-orientation=rotate-270 ! jifmux ! \
  filesink location="$folder/turned.jpg"
run picture.mp4 turned.jpg || fail "a picture is no source"
show_frames "$folder/picture.mp4" >"$folder/log"
says 'width=(int)240, height=(int)320'

# Ctrl-C in the middle: fewer frames, but playable
make_clip 3000 "$folder/long.mp4"
start part.mp4
kill -INT "$pid"
wait "$pid" || fail "Ctrl-C is an error"
pid=
frames=$(count_frames "$folder/part.mp4")
if [ "$frames" -lt 1 ] || [ "$frames" -ge 3000 ]; then
  fail "the interrupted file holds $frames frames"
fi

# a second interruption ends it at once
echo old >"$folder/old.mp4"
start old.mp4
kill -STOP "$pid"
kill -INT "$pid"
kill -TERM "$pid"
kill -CONT "$pid"
if wait "$pid"; then
  fail "a second Ctrl-C is no error"
fi
pid=
says 'nothing was written'
check_untouched 'a second Ctrl-C'

# what cannot be read is an error that names it, not a hang
echo nonsense >"$folder/text.mp4"
: >"$folder/empty.mp4"
head -c 20000 "$folder/long.mp4" >"$folder/cut.mp4"
gst-launch-1.0 -q audiotestsrc num-buffers=10 ! wavenc ! \
  filesink location="$folder/sound.mp4"
for name in missing text empty cut sound; do
  if run old.mp4 $name.mp4; then
    fail "$name.mp4 went unnoticed"
  fi
  says "Error: $folder/$name.mp4: "
  check_untouched "$name.mp4"
done
says 'There is no video in it'
if run nowhere/out.mp4 short.mp4; then
  fail "a missing folder went unnoticed"
fi
says "Error: $folder/nowhere/out.mp4: "

# refuse WORDS ARGUMENT...: the script ends at once, with words that help
refuse ()
{
  words=$1
  shift
  if (cd "$folder" && "$script" "$@") >"$folder/log" 2>&1; then
    fail "demo.sh $*: this should be an error"
  fi
  says "$words"
  check_untouched "demo.sh $*"
}

# what the script would ignore or cannot do is refused before anything is built
mkdir "$folder/folder.mp4"
refuse 'two sources, "short.mp4" and "long.mp4"' short.mp4 long.mp4
refuse 'ends in .mp4, not "film.avi"' --output film.avi short.mp4
refuse 'no folder "nowhere"' --output nowhere/out.mp4 short.mp4
refuse 'The folder "/proc" cannot be written' --output /proc/out.mp4 short.mp4
refuse '"folder.mp4" is a folder' --output folder.mp4 short.mp4
refuse '"./short.mp4" is the source' --output ./short.mp4 short.mp4
refuse 'no file "missing.mp4"' --output old.mp4 missing.mp4
refuse '"folder.mp4" is a folder' --output old.mp4 folder.mp4
refuse 'no camera at /dev/video-none' --output old.mp4 /dev/video-none
refuse 'no model "none.xmodel"' --model none.xmodel --output old.mp4 short.mp4
refuse 'no file ""' --output old.mp4 ""
