#!/bin/sh
# The program that draws the pictures of docs/elements draws all of them.
#
# usage: tests/pipelines/pictures.sh PROGRAM DOCS-FOLDER

set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$1" "$2" "$folder"
for picture in "$2"/*.png; do
  name=$(basename "$picture")
  [ -s "$folder/$name" ] || {
    echo "$name was not drawn"
    exit 1
  }
done
