#!/bin/sh
# Whatever can be built is built by default, so that nothing rots.
#
# usage: tests/pipelines/every-target.sh BUILD-DIRECTORY

set -eu

left_out=$(meson introspect --targets "$1" | python3 -c '
import json, sys
for target in json.load(sys.stdin):
    if (target["type"] not in ("run", "custom")
            and not target["build_by_default"]):
        print(target["name"])')
[ -z "$left_out" ] || {
  echo "not built by default:" "$left_out"
  exit 1
}
