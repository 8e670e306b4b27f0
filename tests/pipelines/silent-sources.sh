#!/bin/sh
# A source that never says what is in it is given up with a sentence. That takes
# a minute, in which nothing is computed.
#
# usage: tests/pipelines/silent-sources.sh MODEL PROGRAM...

set -eu

model=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# $1 a program; appsrc:// is one that nobody pushes into
watch ()
{
  case $1 in
    *record) set -- "$@" --on person --folder "$folder/clips" ;;
    *view) set -- "$@" --port 0 ;;
  esac
  status=0
  timeout 200 "$@" --model "$model" appsrc:// >"$folder/${1##*/}" 2>&1 ||
    status=$?
  echo "exit status $status" >>"$folder/${1##*/}"
}

for program in "$@"; do
  watch "$program" &
done
wait
for program in "$@"; do
  name=${program##*/}
  grep -q 'Nothing to be shown was found in it within 60 s' "$folder/$name" &&
    grep -q 'exit status [12]$' "$folder/$name" || {
    echo "$name:"
    cat "$folder/$name"
    exit 1
  }
done
