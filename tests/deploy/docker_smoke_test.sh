#!/usr/bin/env bash
# Builds the image and uses it as an operator would: as nobody, on a read-only root, healthy by its own health check,
# callable on every level of x86-64 CPUs this machine can play, and drained by `docker stop`. Looks at what it holds, too:
# labels, a list of packages that is true, and no shell. Starts deploy/compose.yaml with it. Skips (exit code 77), and says
# why, where no engine can be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/deploy/image.sh

readonly IMAGE=attnd:smoke-test
readonly CONTAINER=attnd-smoke-test-$$
readonly SBOM=/usr/share/doc/attnd/sbom.spdx.json

say() { printf 'docker smoke test: %s\n' "$*"; }

fail() {
  say "FAILED: $*"
  docker logs "$CONTAINER" 2>&1 | tail -n 30 || true
  exit 1
}

clean_up() {
  docker rm --force "$CONTAINER" >/dev/null 2>&1 || true
  image_clean_up
}

label() { docker image inspect --format "{{index .Config.Labels \"org.opencontainers.image.$1\"}}" "$IMAGE"; }

check_labels() {
  local version
  version=$(sed -n 's/^project(attnd VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
  [[ $(label title) == attnd ]] || fail "the label title is '$(label title)'"
  [[ $(label version) == "$version" ]] || fail "the label version is '$(label version)', CMakeLists.txt says $version"
  [[ $(label revision) == 0123abc ]] || fail "the label revision is '$(label revision)'"
  [[ $(docker inspect --format '{{.Config.User}}' "$IMAGE") == 65532:65532 ]] || fail "it does not run as nobody"
}

# Every file of the image, and the list of packages beside it.
check_contents() {
  docker create --name "$CONTAINER" "$IMAGE" >/dev/null
  docker cp "$CONTAINER:$SBOM" "$FOLDER/sbom.spdx.json"
  docker export "$CONTAINER" | tar -t >"$FOLDER/files"
  docker rm "$CONTAINER" >/dev/null
  if grep -E '(^|/)(sh|bash|dash|busybox|apt|dpkg|perl)$' "$FOLDER/files"; then fail "it holds a shell or a package manager"; fi
  python3 tests/deploy/check_sbom.py "$FOLDER/sbom.spdx.json" "$FOLDER/files" || fail "the list of packages"
  say "$(docker image inspect --format '{{.Size}} bytes, layers {{.RootFS.Layers}}' "$IMAGE")"
}

# start [docker's flags...]: on tests/golden/tiny, read-only and without privileges.
start() {
  docker run --detach --name "$CONTAINER" --read-only --cap-drop ALL --security-opt no-new-privileges \
    --health-interval 1s --volume "$PWD/tests/golden/tiny:/model:ro" "$@" "$IMAGE" --model=/model >/dev/null
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

call() {
  in_container attndctl model | grep -q 'parameters' || fail "attndctl model"
  in_container attndctl embed 1,2,3 --output=json >"$FOLDER/embedding" || fail "attndctl embed"
  grep -q '"embeddings"\|"embedding"' "$FOLDER/embedding" || fail "attndctl embed printed $(<"$FOLDER/embedding")"
  in_container attnd-load --concurrency=2 --requests=20 >/dev/null || fail "attnd-load"
  in_container attnd-model inspect /model --output=json | grep -q '"weights_sha256"' || fail "attnd-model inspect"
}

stop() {
  local started=$SECONDS
  docker stop --time 20 "$CONTAINER" >/dev/null
  [[ $(docker inspect --format '{{.State.ExitCode}}' "$CONTAINER") == 0 ]] || fail "exit code after docker stop"
  ((SECONDS - started < 20)) || fail "SIGTERM did not reach the server"
  docker rm "$CONTAINER" >/dev/null
}

# isa: what the server computes with, as oneDNN names it.
isa() { in_container attndctl model --output=json | sed -n 's/.*"isa": *"\([a-z0-9_]*\)".*/\1/p'; }

# check_level LEVEL: as on a CPU that has LEVEL, and nothing that came after it.
check_level() {
  start --env "ONEDNN_MAX_CPU_ISA=${1^^}"
  wait_until_healthy
  call
  [[ $(isa) == "$1" ]] || fail "it computes with $(isa), not with $1"
  stop
  say "called as on a CPU with $1"
}

trap clean_up EXIT
ensure_engine_or_skip
ensure_base
say "building $IMAGE"
build_image "$IMAGE" --label org.opencontainers.image.revision=0123abc
check_labels
check_contents
say "starting it on tests/golden/tiny, read-only and without privileges"
start
wait_until_healthy
say "healthy"
call
best=$(isa)
say "called, with $best"
stop
say "drained and stopped"
levels=(avx2)
if [[ $best == avx512_* && $best != avx512_core ]]; then levels+=(avx512_core); fi
for level in "${levels[@]}"; do check_level "$level"; done
say "starting deploy/compose.yaml with it"
if has_own_engine; then network=(--host-network); else network=(); fi
tests/deploy/compose_up.sh "$IMAGE" "${network[@]}" || fail "compose"
say "passed"
