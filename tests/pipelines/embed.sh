#!/bin/sh
# A threshold that is typed while the application runs takes effect.
#
# usage: tests/pipelines/embed.sh PROGRAM MODEL

set -eu

embed=$1
model=$2
folder=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid"; rm -rf "$folder"' EXIT

# wait_for PATTERN: in what the running program prints
wait_for ()
{
  until grep -q "$1" "$folder/log"; do
    kill -0 "$pid" || {
      echo "ended before it printed \"$1\":"
      cat "$folder/log"
      pid=
      exit 1
    }
    sleep 0.1
  done
}

mkfifo "$folder/input"
"$embed" "$model" "videotestsrc is-live=true" <"$folder/input" >"$folder/log" 2>&1 &
pid=$!
exec 3>"$folder/input"

# by default nothing below 0.25
wait_for '^frame [0-9]*: person 0\.'
wait_for '^frame [0-9]*: traffic light 0\.'
if grep -E '^frame .* 0\.([01]|2[0-4])[0-9]* at' "$folder/log"; then
  echo "these are below the default threshold"
  exit 1
fi

echo nonsense >&3
wait_for '"nonsense" is not a threshold'
echo 0.05 >&3
wait_for '^threshold 0.05'
wait_for '^frame [0-9]*: .* 0\.[01][0-9]* at [0-9]*,[0-9]*, [0-9]*x[0-9]*$'

# the program does without input from here
exec 3>&-
lines=$(wc -l <"$folder/log")
until [ "$(wc -l <"$folder/log")" -gt "$lines" ]; do
  kill -0 "$pid"
  sleep 0.1
done
kill "$pid"
wait "$pid" || true
pid=

# clips end, and errors are sentences
"$embed" "$model" "videotestsrc num-buffers=3" </dev/null >"$folder/log" 2>&1
if "$embed" "$folder/none.xmodel" videotestsrc </dev/null >"$folder/log" 2>&1; then
  echo "a missing model went unnoticed"
  exit 1
fi
grep -q "There is no model \"$folder/none.xmodel\"" "$folder/log"

# a picture that lies on its side is turned, so that there is nothing to warn of
"$embed" "$model" "videotestsrc num-buffers=3 ! \
  taginject tags=image-orientation=rotate-90" </dev/null >"$folder/log" 2>&1
if grep "is to be turned" "$folder/log"; then
  exit 1
fi
