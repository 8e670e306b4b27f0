#!/bin/sh
# meson names each feature that the oldest version we build with does not have.
#
# usage: tests/pipelines/old-meson.sh BUILD-DIRECTORY

set -eu

newer=$(grep -E 'WARNING: Project (targets|specifies)' \
  "$1/meson-logs/meson-log.txt") || exit 0
echo "$newer"
exit 1
