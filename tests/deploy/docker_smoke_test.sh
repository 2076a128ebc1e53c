#!/usr/bin/env bash
# Builds the image and uses it as an operator would: as nobody, on a read-only root, healthy by its own health check,
# callable, scrapeable, and drained by `docker stop`. Where there is no Docker engine it says so and skips (exit code 77).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly IMAGE=attnd:smoke-test
readonly CONTAINER=attnd-smoke-test-$$
readonly SKIPPED=77
LOG=$(mktemp)
readonly LOG

say() { printf 'docker smoke test: %s\n' "$*"; }

fail() {
  say "FAILED: $*"
  docker logs "$CONTAINER" 2>&1 | tail -n 30 || true
  exit 1
}

clean_up() {
  docker rm --force "$CONTAINER" >/dev/null 2>&1 || true
  rm -f "$LOG"
}

# The base as Debian's own registry has it, or made from Debian's archive where no registry can be reached.
ensure_base() {
  docker image inspect debian:trixie-slim >/dev/null 2>&1 && return
  docker pull --quiet debian:trixie-slim >/dev/null 2>&1 && return
  say "no registry within reach: making debian:trixie-slim with mmdebstrap"
  mmdebstrap --quiet --variant=minbase trixie | docker import - debian:trixie-slim >/dev/null
}

wait_until_healthy() {
  local tries status
  for ((tries = 0; tries < 300; tries++)); do
    status=$(docker inspect --format '{{.State.Health.Status}}' "$CONTAINER")
    [[ $status == healthy ]] && return
    [[ $(docker inspect --format '{{.State.Running}}' "$CONTAINER") == true ]] || fail "the container ended"
    sleep 0.2
  done
  fail "not healthy after a minute: $status"
}

in_container() { docker exec "$CONTAINER" "$@"; }

if ! docker info >/dev/null 2>&1; then
  say "SKIPPED: no Docker engine answers here"
  exit "$SKIPPED"
fi

trap clean_up EXIT
ensure_base
say "building $IMAGE"
# Such as --network=host, where containers have no network of their own.
read -ra build_flags <<<"${ATTND_DOCKER_BUILD_FLAGS:-}"
docker build --tag "$IMAGE" "${build_flags[@]}" . >"$LOG" 2>&1 || {
  tail -n 30 "$LOG"
  fail "docker build"
}

say "starting it on tests/golden/tiny, read-only and without privileges"
docker run --detach --name "$CONTAINER" --read-only --cap-drop ALL --security-opt no-new-privileges \
  --health-interval 1s --volume "$PWD/tests/golden/tiny:/model:ro" "$IMAGE" --model=/model >/dev/null
wait_until_healthy
say "healthy"
[[ $(docker inspect --format '{{.Config.User}}' "$CONTAINER") == 65532:65532 ]] || fail "it does not run as nobody"
in_container attndctl model | grep -q 'parameters' || fail "attndctl model"
in_container attndctl embed 1,2,3 --output=json | grep -q '"embeddings"\|"embedding"' || fail "attndctl embed"
in_container attnd-load --concurrency=2 --requests=20 >/dev/null || fail "attnd-load"
in_container attnd-model inspect /model --output=json | grep -q '"weights_sha256"' || fail "attnd-model inspect"
say "called"
started=$SECONDS
docker stop --time 20 "$CONTAINER" >/dev/null
[[ $(docker inspect --format '{{.State.ExitCode}}' "$CONTAINER") == 0 ]] || fail "exit code after docker stop"
((SECONDS - started < 20)) || fail "SIGTERM did not reach the server"
say "drained and stopped; passed"
