#!/bin/sh
# yolov5dpu-detect writes a playable file and a summary, also when it is
# interrupted; what fails leaves an older file alone, and says what is wrong with
# which file, and the others are looked at.
#
# usage: tests/pipelines/detect.sh DETECT-PROGRAM SOURCE-DIRECTORY MODEL

set -eu

detect=$(realpath "$1")
models=$(realpath "$2")/models
model=$(realpath "$3")
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
  "$detect" --model "$model" --output "$folder/$1" "$folder/$2" \
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
  "$detect" --model "$model" --output "$folder/$1" "$folder/long.mp4" \
    >"$folder/log" 2>&1 &
  pid=$!
  until [ -s "$folder/$1.part" ]; do
    kill -0 "$pid" || fail "ended by itself"
    sleep 0.1
  done
}

make_clip 10 "$folder/short.mp4"
run out.mp4 short.mp4 || fail "a clip is no source"
for words in '10 frames' 'Objects' 'letterbox' 'inference' \
  "Wrote $folder/out.mp4"; do
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
if grep -q -e Wrote -e Objects "$folder/log"; then
  fail "stopped at once, it goes on to tell:"
fi
check_untouched 'a second Ctrl-C'

# what cannot be read is an error that names it, not a hang
echo nonsense >"$folder/text.mp4"
: >"$folder/empty.mp4"
head -c 20000 "$folder/long.mp4" >"$folder/cut.mp4"
gst-launch-1.0 -q audiotestsrc num-buffers=10 ! wavenc ! \
  filesink location="$folder/sound.mp4"
mkfifo "$folder/pipe.mp4"
for name in missing text empty cut pipe sound; do
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

# call STATUS ARGUMENT...: in the folder, with the model
call ()
{
  expected=$1
  shift
  status=0
  (cd "$folder" && "$detect" --model="$model" "$@") >"$folder/log" 2>&1 \
    || status=$?
  [ "$status" = "$expected" ] \
    || fail "yolov5dpu-detect $*: ended with $status, not $expected:"
}

# lacks WORDS: the log has not
lacks ()
{
  if grep -qF -e "$1" "$folder/log"; then
    fail "\"$1\" should not be in:"
  fi
}

make_picture ()
{
  gst-launch-1.0 -q videotestsrc num-buffers=1 ! \
    video/x-raw,width="$1",height="$2" ! "$3" ! filesink location="$4"
}

# a folder of pictures, one of them broken, and what is none: the broken one is
# reported, and the rest goes on. Names and kinds stay, stems are told apart
mkdir "$folder/photos"
make_picture 320 240 jpegenc "$folder/photos/10.jpg"
make_picture 300 200 pngenc "$folder/photos/9.png"
make_picture 160 120 jpegenc "$folder/photos/9.JPG"
cp "$folder/short.mp4" "$folder/photos/clip.mp4"
echo nonsense >"$folder/photos/broken.jpg"
echo nonsense >"$folder/photos/notes.txt"
call 1 --yolo=labels --csv=found.csv --json=found.jsonl --coco=found.json photos
says 'Error: photos/broken.jpg: '
lacks notes
for words in 'photos/10.jpg  320x240' 'photos/9.png  300x200' \
  'photos/9.JPG  160x120' 'photos/clip.mp4  320x240  10 frames' \
  '3 pictures and 1 video with 10 frames' 'Wrote detections/' \
  'Wrote found.csv'; do
  says "$words"
done
[ "$(cd "$folder/detections" && echo *)" = '10.jpg 9-2.png 9.JPG clip.mp4' ] \
  || [ "$(cd "$folder/detections" && echo *)" = '10.jpg 9-2.JPG 9.png clip.mp4' ] \
  || fail "in detections there is $(ls "$folder/detections"):"
show_frames "$folder/detections/10.jpg" >"$folder/log"
says 'width=(int)320, height=(int)240'

# what is exported agrees, and can be read
python3 - "$folder" <<'END'
import csv, json, pathlib, sys
folder = pathlib.Path (sys.argv[1])
lines = [json.loads (line) for line in open (folder / "found.jsonl")]
assert len (lines) == 13, len (lines)
boxes = [(line["source"], line["frame"], found) for line in lines
         for found in line["detections"]]
assert boxes, "nothing was found"
rows = list (csv.DictReader (open (folder / "found.csv")))
assert len (rows) == len (boxes)
for row, (source, frame, found) in zip (rows, boxes):
    assert row["source"] == source and int (row["frame"]) == frame
    for name in "label", "label_id", "x", "y", "width", "height":
        assert row[name] == str (found[name]), (row, found)
    assert abs (float (row["confidence"]) - found["confidence"]) < 1e-4
data = json.load (open (folder / "found.json"))
assert len (data["images"]) == 13 and len (data["annotations"]) == len (boxes)
names = {kind["id"]: kind["name"] for kind in data["categories"]}
assert min (names) == 1
for annotation, (source, frame, found) in zip (data["annotations"], boxes):
    assert names[annotation["category_id"]] == found["label"]
    assert annotation["bbox"] == [found[n] for n in ("x", "y", "width", "height")]
    image, = (image for image in data["images"]
              if image["id"] == annotation["image_id"])
    assert image["file_name"] == source
labels = {path.name: path.read_text () for path in (folder / "labels").iterdir ()}
assert len (labels) == 13 and "10.txt" in labels and "clip_9.txt" in labels
assert sum (text.count ("\n") for text in labels.values ()) == len (boxes)
for text in labels.values ():
    for line in text.splitlines ():
        number, *places = line.split ()
        assert int (number) >= 0 and all (0 <= float (p) <= 1 for p in places)
END

# a pattern in quotes, a URI, values behind names; numbers are COCO's names of
# pictures; a program's output is alone on standard output
call 0 --no-save --csv - 'photos/10.j*' "file://$folder/photos/9.png"
says 'source,frame,time,label'
says 'photos/10.jpg  320x240'
(cd "$folder" && "$detect" -q --no-save --model "$model" --coco=- photos/10.jpg) \
  >"$folder/log" 2>/dev/null
says '"images":[{"id":10,'
[ "$(wc -l <"$folder/log")" = 1 ] || fail "there is more than JSON:"

# a threshold and classes leave less
call 0 --no-save --threshold=1 photos/10.jpg
says 'nothing'
call 0 --no-save --classes=person --csv=- short.mp4
lacks ',car,'

# tracks count once, lines and zones once for each crossing
cat >"$folder/zones.ini" <<'END'
[zone all]
points=0;0;1;0;1;1;0;1
END
call 0 --track --zones=zones.ini --output tracked.mp4 short.mp4
says '10 frames'
says 'zone all:'
call 1 --zones=none.ini --no-save short.mp4 10.mp4
says 'none.ini'

# the first frame of a video, a picture of a picture
call 0 -o first.png short.mp4
says 'short.mp4  320x240'
show_frames "$folder/first.png" >"$folder/log"
says 'width=(int)320, height=(int)240'

# refuse STATUS WORDS ARGUMENT...
refuse ()
{
  expected=$1
  words=$2
  shift 2
  call "$expected" "$@"
  says "$words"
  check_untouched "$*"
}

refuse 2 'is needed; see yolov5dpu-detect --help'
refuse 2 '--threshold takes 0 to 1' --threshold=2 short.mp4
refuse 2 '--device takes' --device=gpu short.mp4
refuse 2 'exclude each other' --no-save -o old.mp4 short.mp4
refuse 2 'Only one result' --json=- --csv=- short.mp4
refuse 2 '--nonsense' --nonsense short.mp4
refuse 1 'none.jpg: There is no such file' -o old.mp4 none.jpg
refuse 1 'no file that "*.none" stands for' -o old.mp4 '*.none'
refuse 1 'no camera at /dev/video-none' -o old.mp4 /dev/video-none
refuse 1 'no picture and no video in the folder "labels"' -o old.mp4 labels
refuse 1 'name a folder' -o old.mp4 short.mp4 long.mp4
refuse 1 'ends in .jpg, .png or .mp4, not "film.avi"' -o film.avi short.mp4
refuse 1 '"./short.mp4" is the source' -o ./short.mp4 short.mp4
refuse 1 'is the source' -o photos photos/10.jpg
refuse 1 'no-where/found.csv' --csv=no-where/found.csv -o old.mp4 short.mp4
(unset DISPLAY WAYLAND_DISPLAY; [ -e /dev/dri/card0 ] \
  || refuse 1 'There is no display' --show --no-save short.mp4)

# the model for everyday scenes finds who is in the street of README's picture
YOLOV5DPU_MODELS=$models "$detect" --device=cpu --no-save --csv="$folder/street.csv" \
  "$models/../docs/street.jpg" >"$folder/log" 2>&1 || fail "no street was found:"
[ "$(grep -c ',person,' "$folder/street.csv")" -ge 3 ] || fail "too few people:"
[ "$(grep -c ',car,' "$folder/street.csv")" -ge 3 ] || fail "too few cars:"

# models by name: the largest, or the one that is meant; else those that there are
YOLOV5DPU_MODELS=$models
export YOLOV5DPU_MODELS
for row in street/640x640 street-640x384/640x384 street-640x384_int/640x384; do
  (cd "$folder" && GST_DEBUG=yolov5dpu:4 GST_DEBUG_NO_COLOR=1 "$detect" \
    --device=cpu --no-save -m "${row%/*}" photos/10.jpg) >"$folder/log" 2>&1 \
    || fail "$row is no model:"
  says "street-${row#*/}_int.xmodel runs on"
done
(cd "$folder" && "$detect" -m stree photos/10.jpg) >"$folder/log" 2>&1 \
  && fail "stree is a model:"
says 'no model "stree"'
says 'street-640x640_int'
