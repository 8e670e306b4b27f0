#!/bin/sh
# Runs the tests of a build directory. The last line counts them.
#
# usage: tests/count.sh BUILD-DIRECTORY [MESON-TEST-ARGUMENT...]
#
# TESTS_LEFT_OUT is how many the caller does not run here: they count as
# skipped.

set -eu

build=$1
shift

meson test -C "$build" --no-rebuild --print-errorlogs --num-processes 2 "$@" \
  >"$build/tests.log" 2>&1 || true
cat "$build/tests.log"

count ()
{
  number=$(sed -n "s/^$1: *\([0-9][0-9]*\).*/\1/p" "$build/tests.log" \
    | tail -n 1)
  echo "${number:-0}"
}

passed=$(count Ok)
skipped=$(($(count Skipped) + ${TESTS_LEFT_OUT:-0}))
failed=$(($(count Fail) + $(count Timeout) + $(count 'Unexpected Pass')))
[ "$passed" -gt 0 ] || failed=$((failed + 1))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
