#!/bin/sh
# Libraries that others load export what those look for, and nothing else.
#
# usage: tests/pipelines/symbols.sh PLUG-IN [RUNNER]

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

check "$1" gst_plugin_yolov5dpu_get_desc gst_plugin_yolov5dpu_register
[ -z "${2-}" ] || check "$2" create_runner create_runner_with_attrs
exit $status
