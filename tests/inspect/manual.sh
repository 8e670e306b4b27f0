#!/bin/sh
# The manual page renders without a warning and knows every option.
#
# usage: tests/inspect/manual.sh PROGRAM PAGE

set -eu

program=$1
page=$2

if ! command -v man >/dev/null; then
  echo "skipped: man is not installed"
  exit 77
fi

warnings=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z \
  "$page" 2>&1 >/dev/null)
if [ -n "$warnings" ]; then
  echo "$warnings"
  exit 1
fi

text=$(LC_ALL=C.UTF-8 MANWIDTH=80 man -P cat -l "$page")
options=$("$program" --help | sed -n 's/.*\(--[a-z][a-z]*\).*/\1/p')
[ -n "$options" ]
for option in $options; do
  case $text in
    *"$option"*) ;;
    *)
      echo "$option is not in the page"
      exit 1
      ;;
  esac
done
