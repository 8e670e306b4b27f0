#!/bin/sh
# Installs what is missing, builds with warnings as errors, runs all tests.
# The last line counts them.
#
# usage: tests/run.sh [MESON-TEST-ARGUMENT...]

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"

WERROR=true pipelines/setup.sh --tests
meson configure build -Dwerror=true -Dtests=enabled >/dev/null
ninja -C build >build/ninja.log 2>&1 || {
  cat build/ninja.log
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
}

meson test -C build --no-rebuild --print-errorlogs --num-processes 2 "$@" \
  >build/tests.log 2>&1 || true
cat build/tests.log

count ()
{
  number=$(sed -n "s/^$1: *\([0-9][0-9]*\).*/\1/p" build/tests.log | tail -n 1)
  echo "${number:-0}"
}

passed=$(count Ok)
skipped=$(count Skipped)
failed=$(($(count Fail) + $(count Timeout) + $(count 'Unexpected Pass')))
[ "$passed" -gt 0 ] || failed=$((failed + 1))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
