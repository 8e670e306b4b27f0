#!/bin/sh
# Libraries that others load export what those look for, and nothing else.
#
# usage: tests/pipelines/symbols.sh LIBRARY...

set -eu

status=0

# $1 library, then all that it may export
check ()
{
  library=$1
  shift
  exported=$(nm -D --defined-only "$library" | awk '{ print $3 }' | sort)
  expected=$(printf '%s\n' "$@" | sort)
  [ "$exported" = "$expected" ] && return
  echo "$library exports:"
  echo "$exported"
  echo "instead of:"
  echo "$expected"
  status=1
}

for library in "$@"; do
  name=$(basename "$library" | sed 's/^lib//; s/\.so.*//')
  case $name in
    gst*)
      name=${name#gst}
      check "$library" "gst_plugin_${name}_get_desc" "gst_plugin_${name}_register"
      ;;
    *) check "$library" create_runner create_runner_with_attrs ;;
  esac
done
exit $status
