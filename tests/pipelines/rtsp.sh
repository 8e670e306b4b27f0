#!/bin/sh
# Clients of the RTSP server get frames, whatever the others do.
#
# usage: tests/pipelines/rtsp.sh SERVER-PROGRAM MODEL SOURCE-DIRECTORY
#
# RTSP_FRAMES is how many frames undisturbed clients want: 20 a second, 200.

set -eu

program=$1
model=$2
client_script=$3/pipelines/rtsp-client.sh
many=${RTSP_FRAMES:-200}
folder=$(mktemp -d)
server=
clients=
stop_all ()
{
  for pid in $clients $server; do
    kill -KILL "$pid" 2>/dev/null || true
  done
  rm -rf "$folder"
}
trap stop_all EXIT

fail ()
{
  echo "$1"
  cat "$folder"/*.log
  exit 1
}

# watch NAME PATH PROTOCOL FRAMES: a client that ends after so many frames
watch ()
{
  exec gst-launch-1.0 -v rtspsrc location="$address/$2" protocols="$3" ! \
    capsfilter caps=application/x-rtp,media=video ! decodebin ! \
    identity eos-after="$4" silent=false ! fakesink >"$folder/$1.log" 2>&1
}

# got NAME FRAMES: whether a client that has ended had them all. Its status says
# nothing: rtspsrc calls it an error when the server has hung up before the last
# request of a client that already leaves. eos-after keeps the last frame.
got ()
{
  grep -q '^Got EOS' "$folder/$1.log" \
    && [ "$(grep -c 'chain.*identity' "$folder/$1.log")" -ge $(($2 - 1)) ]
}

# wait_for FILE PATTERN PID
wait_for ()
{
  until grep -qs -e "$2" "$folder/$1"; do
    kill -0 "$3" 2>/dev/null || fail "$1: ended without \"$2\""
    sleep 0.1
  done
}

# much to send: noise, which starts anew when it is over. It was taken sideways,
# as the matrix says that lies 44 bytes behind the name of its box
gst-launch-1.0 -q videotestsrc pattern=snow num-buffers=60 ! \
  video/x-raw,format=I420,width=640,height=360,framerate=20/1 ! \
  x264enc speed-preset=ultrafast bitrate=4000 ! mp4mux ! \
  filesink location="$folder/noise.mp4"
python3 -c 'import struct, sys
clip = bytearray (open (sys.argv[1], "rb").read ())
matrix = clip.index (b"tkhd") + 44
clip[matrix:matrix + 36] = struct.pack (">9i", 0, 1 << 16, 0, -1 << 16, 0, 0,
    360 << 16, 0, 1 << 30)
open (sys.argv[1], "wb").write (clip)' "$folder/noise.mp4"

"$program" --model "$model" --port 0 --clean "$folder/noise.mp4" \
  >"$folder/server.log" 2>&1 &
server=$!
wait_for server.log '/clean$' "$server"
address=$(sed -n 's,^\(rtsp://.*\)/annotated$,\1,p' "$folder/server.log")

# who listens for everybody is found at an address of this machine
"$program" --model "$model" --address 0.0.0.0 --port 0 test \
  >"$folder/everybody.log" 2>&1 &
clients=$!
wait_for everybody.log '/annotated$' "$clients"
! grep -q '//0\.0\.0\.0:' "$folder/everybody.log" \
  || fail "the address is of no use to others"
kill "$clients"

# over TCP and over UDP, with boxes and without
for path in annotated clean; do
  for protocol in tcp udp; do
    (watch first $path $protocol 5) || true
    got first 5 || fail "no frames over $protocol at /$path"
  done
done

# detections come as JSON beside the clean video
"$client_script" --detections "$address/clean" >"$folder/lines" \
  2>"$folder/lines.log" &
clients=$!
wait_for lines '^{"pts":.*}$' "$clients"
kill "$clients"
python3 -c 'import json, sys
frame = json.loads (open (sys.argv[1]).readline ())
assert frame["width"] == 360 and frame["height"] == 640, "not upright"
assert "detections" in frame' "$folder/lines"

# one client stops to read, one is killed: the others, also new ones, go on
for name in slow rude steady other; do
  protocol=tcp
  [ $name != other ] || protocol=udp
  frames=-1
  case $name in steady | other) frames=$many ;; esac
  (watch $name annotated $protocol "$frames") &
  clients="$clients $!"
  eval "$name=\$!"
done
# shellcheck disable=SC2154
{
  wait_for slow.log 'chain.*identity' "$slow"
  wait_for rude.log 'chain.*identity' "$rude"
  kill -STOP "$slow"
  kill -KILL "$rude"
  for name in steady other; do
    eval "wait \$$name" || true
    got $name "$many" || fail "$name was disturbed"
  done
}
(watch late annotated tcp 5) || true
got late 5 || fail "nobody else is served"

# what is not there is an error, not silence
if (watch none nothing tcp 5); then
  fail "there should be nothing at /nothing"
fi
if "$program" --model "$model" --port "${address##*:}" test \
  >"$folder/second.log" 2>&1; then
  fail "two servers on one port"
fi
grep -q 'Cannot listen' "$folder/second.log" || fail "a taken port is unclear"
for words in "--model $folder/none.xmodel test" "--model $model $folder/none.mp4"; do
  # shellcheck disable=SC2086
  if "$program" --port 0 $words >"$folder/second.log" 2>&1; then
    fail "$words should be an error"
  fi
  grep -q 'Error: .' "$folder/second.log" || fail "the error is unclear"
done
grep -q "Error: $folder/none.mp4: ." "$folder/second.log" \
  || fail "the error does not name the file"

# ends in order, clients or not
kill -TERM "$server"
wait "$server" || fail "the server did not end in order"
server=

# it turned the video, so there is nothing to warn of
if grep 'is to be turned' "$folder/server.log"; then
  exit 1
fi
