# Building the image for tests. Sourced from the repository's root, by a test that has `say` and `fail` and calls
# image_clean_up at its end.

. tests/deploy/docker_engine.sh

readonly SKIPPED=77
FOLDER=$(mktemp -d)
readonly FOLDER

# logged WHAT COMMAND...: a long step, whose output is of interest only when it fails.
logged() {
  local what=$1
  shift
  "$@" >"$FOLDER/log" 2>&1 && return
  tail -n 30 "$FOLDER/log"
  fail "$what"
}

image_clean_up() {
  stop_engine
  rm -rf "$FOLDER"
}

ensure_engine_or_skip() {
  if ! ensure_engine; then
    say "SKIPPED: $engine_missing"
    exit "$SKIPPED"
  fi
  if has_own_engine; then say "started an engine of its own"; fi
}

# The base as Debian's own registry has it, or made from Debian's archive where no registry can be reached.
ensure_base() {
  docker image inspect debian:trixie-slim >/dev/null 2>&1 && return
  docker pull --quiet debian:trixie-slim >/dev/null 2>&1 && return
  say "no registry within reach: making debian:trixie-slim with mmdebstrap"
  logged "mmdebstrap" mmdebstrap --variant=minbase --skip=chroot/mount trixie "$FOLDER/base.tar" \
    "${ATTND_DEBIAN_MIRROR:-http://deb.debian.org/debian}"
  docker import "$FOLDER/base.tar" debian:trixie-slim >/dev/null
  rm "$FOLDER/base.tar"
}

# docker_build [flags...]: with what this machine needs besides.
docker_build() {
  local flags
  # Such as --network=host, where containers have no network of their own.
  read -ra flags <<<"${ATTND_DOCKER_BUILD_FLAGS:-}"
  if has_own_engine; then flags+=(--network=host); fi
  logged "docker build $*" docker build "${flags[@]}" "$@" .
}

# build_image NAME [flags...]: the stage that compiles gets a name, too, which keeps it for the next time.
build_image() {
  docker_build --target=build --tag attnd:build
  docker_build --tag "$@"
}
