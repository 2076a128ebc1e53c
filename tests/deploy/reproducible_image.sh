#!/usr/bin/env bash
# Builds the image, and once more from nothing, compiler and all, and compares the digests of what is in it. Takes another
# build, so no test runs it; docs/image.md has what it found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/deploy/image.sh

say() { printf 'reproducible image: %s\n' "$*"; }

fail() {
  say "FAILED: $*"
  exit 1
}

# digests NAME: of every file of an image, with its mode and time, and of the layers as a whole. Of the image as saved: a
# container has files of Docker's own besides.
digests() {
  local layer
  mkdir "$FOLDER/saved" "$FOLDER/files"
  docker save "$1" | tar -x -C "$FOLDER/saved"
  python3 -c 'import json, sys; print(*json.load(open(sys.argv[1]))[0]["Layers"], sep="\n")' \
    "$FOLDER/saved/manifest.json" >"$FOLDER/layers"
  while read -r layer; do tar -x -C "$FOLDER/files" -f "$FOLDER/saved/$layer"; done <"$FOLDER/layers"
  (cd "$FOLDER/files" && find . -type f -exec sha256sum {} + && find . -mindepth 1 -printf '%p %m %l %T@\n') | sort
  rm -rf "$FOLDER/saved" "$FOLDER/files"
  docker image inspect --format '{{range .RootFS.Layers}}layer {{.}}{{"\n"}}{{end}}' "$1"
}

trap image_clean_up EXIT
ensure_engine_or_skip
ensure_base
say "the first build"
build_image attnd:reproducible
digests attnd:reproducible >"$FOLDER/first"
say "the second, from nothing"
docker_build --target=build --tag attnd:build --no-cache
build_image attnd:reproducible
digests attnd:reproducible >"$FOLDER/second"
if ! diff "$FOLDER/first" "$FOLDER/second"; then fail "two builds differ, see above"; fi
say "two builds have the same $(grep -c '^[0-9a-f]\{64\} ' "$FOLDER/first") files; $(grep '^layer' "$FOLDER/first")"
