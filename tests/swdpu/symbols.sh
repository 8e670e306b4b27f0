#!/bin/sh
# A library exports these symbols and no other, but for a sanitizer's.
#
# usage: tests/swdpu/symbols.sh LIBRARY NAME...

set -eu

library=$1
shift

expected=$(printf '%s\n' "$@" | sort)
exported=$(nm -D --defined-only "$library" | sed 's/.* //; s/@.*//' \
  | grep -v '^__\(asan\|tsan\|ubsan\|odr_asan\)' | sort)
if [ "$exported" != "$expected" ]; then
  printf '%s exports\n%s\ninstead of\n%s\n' "$library" "$exported" "$expected"
  exit 1
fi
