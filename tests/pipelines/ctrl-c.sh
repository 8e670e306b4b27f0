#!/bin/sh
# gst-launch-1.0 ends soon after Ctrl-C, with and without -e, whatever the DPU
# is doing.
#
# usage: tests/pipelines/ctrl-c.sh MODEL [DEVICE]

set -eu

model=$1
device=${2-cpu}
# measured is far less; this much also on a machine with other work
limit_ms=10000
log=$(mktemp)
pid=
trap 'rm -f "$log"; [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true' EXIT

now_ms ()
{
  date +%s%3N
}

# $1 what it is, then gst-launch-1.0's arguments. Once frames have come out,
# interrupts and waits for the end
interrupt ()
{
  title=$1
  shift
  : >"$log"
  # -v and silent=false print a line per frame
  gst-launch-1.0 -v "$@" ! fakesink silent=false sync=true >"$log" 2>&1 &
  pid=$!
  until [ "$(grep -c 'last-message = chain' "$log")" -ge 10 ]; do
    kill -0 "$pid" 2>/dev/null || {
      echo "$title: ended by itself"
      cat "$log"
      exit 1
    }
    sleep 0.1
  done

  start=$(now_ms)
  kill -INT "$pid"
  status=0
  wait "$pid" || status=$?
  pid=
  took=$(($(now_ms) - start))

  echo "$title: $took ms"
  # 130 tells that it was interrupted
  case $status in
    0 | 130) ;;
    *)
      echo "$title: exit status $status"
      cat "$log"
      exit 1
      ;;
  esac
  [ "$took" -le "$limit_ms" ] || {
    echo "$title: more than $limit_ms ms"
    exit 1
  }
}

source='videotestsrc is-live=true ! video/x-raw,width=640,height=480,framerate=30/1'
# more frames than a software DPU can look at
busy='videotestsrc is-live=true ! video/x-raw,width=640,height=480,framerate=240/1'
detector="yolov5dpu model=$model device=$device"

# shellcheck disable=SC2086
{
  interrupt 'live' $source ! $detector
  interrupt 'live, -e' -e $source ! $detector
  interrupt 'live, DPU busy' $busy ! $detector
  interrupt 'live, DPU busy, -e' -e $busy ! $detector
  interrupt 'live, DPU busy, no-block' $busy ! $detector no-block=true
  interrupt 'live, DPU busy, no-block, -e' -e $busy ! $detector no-block=true
}
