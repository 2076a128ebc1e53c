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

# digests NAME: of every file of an image, with its mode, and of the layers as a whole.
digests() {
  local container
  container=$(docker create "$1")
  mkdir "$FOLDER/files"
  docker export "$container" | tar -x -C "$FOLDER/files" --exclude=dev --exclude=.dockerenv
  docker rm "$container" >/dev/null
  (cd "$FOLDER/files" && find . -type f -exec sha256sum {} + && find . -printf '%p %m %l %T@\n') | sort
  rm -rf "$FOLDER/files"
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
