#!/bin/sh
# What a frame costs, in instructions, which do not depend on the machine's load:
# a few walkers and a crowd.
#
# usage: tests/tracking/cost.sh MOT-TRACKS

set -eu

program=$1

skip ()
{
  echo "skipped: $1"
  exit 77
}

[ "$(uname -m)" = x86_64 ] || skip "the bounds are for x86-64"
command -v valgrind >/dev/null || skip "there is no valgrind"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/zones.ini" <<'END'
[line across]
points=0.5;0;0.5;1
[zone middle]
points=0.3;0.3;0.7;0.3;0.7;0.7;0.3;0.7
END

# $1 walkers of 40x100 pixels, who turn at the borders of a frame of $2x$3 pixels,
# jitter as detections do, and are overlooked on every twentieth frame
walk ()
{
  awk -v n="$1" -v width="$2" -v height="$3" '
    function random (scale) {
      seed = (seed * 16807) % 2147483647
      return (seed / 2147483647 - 0.5) * scale
    }
    BEGIN {
      seed = 7
      for (i = 0; i < n; i++) {
        x[i] = width / 2 + random(width - 100)
        y[i] = height / 2 + random(height - 120)
        dx[i] = random(8)
        dy[i] = random(4)
      }
      for (frame = 1; frame <= 200; frame++)
        for (i = 0; i < n; i++) {
          x[i] += dx[i]
          y[i] += dy[i]
          if (x[i] < 0 || x[i] > width - 40)
            dx[i] = -dx[i]
          if (y[i] < 0 || y[i] > height - 100)
            dy[i] = -dy[i]
          if ((frame + 7 * i) % 20 == 0)
            continue
          printf "%d,-1,%.2f,%.2f,%.2f,%.2f,%.2f\n", frame, x[i] + random(3),
            y[i] + random(3), 40 + random(4), 100 + random(6), 0.7 + random(0.4)
        }
    }'
}

# $1 what is counted, $2 at most so many instructions a frame
check ()
{
  valgrind --tool=callgrind --callgrind-out-file="$folder/out" \
    --toggle-collect="$1" "$program" --zones "$folder/zones.ini" \
    "$folder/detections.txt" "$folder/tracks.txt" >"$folder/log" 2>&1 || {
    cat "$folder/log"
    exit 1
  }
  cost=$(awk '/Collected/ { print int ($NF / 200) }' "$folder/log")
  echo "$1, $walkers walkers: $cost instructions a frame, at most $2"
  [ "$cost" -gt 0 ]
  [ "$cost" -le "$2" ]
}

walkers=6
walk 6 768 576 >"$folder/detections.txt"
check tracker_update 15000
check zones_update 15000
walkers=90
walk 90 1920 1080 >"$folder/detections.txt"
check tracker_update 1200000
check zones_update 225000
