# A Docker engine for tests: this machine's where one answers, else one of the test's own. Sourced; the test calls
# stop_engine at its end.
#
# The own engine touches nothing of the machine's: data, sockets and control groups have a place of their own, its mounts are
# in a namespace of their own, and it makes no bridge and no rule of a firewall. So its containers have no network but
# --network=none and --network=host. Images stay in the user's cache, so that the next build has what has not changed.

readonly ENGINE_DATA=${XDG_CACHE_HOME:-$HOME/.cache}/attnd/docker
engine_folder=
engine_pid=

# engine_obstacle: prints why no engine of the test's own can be started; nothing where it can.
engine_obstacle() {
  local group
  if ((EUID != 0)); then
    printf 'an own one needs root\n'
  elif ! command -v dockerd >/dev/null || ! command -v setpriv >/dev/null; then
    printf 'there is no dockerd to start\n'
  else
    for group in /sys/fs/cgroup/memory /sys/fs/cgroup; do
      if [[ -w $group ]]; then return; fi
    done
    printf 'control groups cannot be made here\n'
  fi
}

# ensure_engine: docker reaches an engine afterwards; else it returns 1, and engine_missing says why.
engine_missing=
ensure_engine() {
  local obstacle tries
  if docker info >/dev/null 2>&1; then return; fi
  engine_missing="no Docker engine answers here"
  obstacle=$(engine_obstacle)
  if [[ -n $obstacle ]]; then
    engine_missing+=", and $obstacle"
    return 1
  fi
  engine_folder=$(mktemp -d "${TMPDIR:-/tmp}/attnd-docker.XXXXXX")
  # One engine at a time has the data; the engine keeps the lock for as long as it lives.
  mkdir -p "$ENGINE_DATA"
  exec 9>"$ENGINE_DATA.lock"
  flock 9
  # It ends with the test, whatever ends the test.
  setpriv --pdeathsig TERM unshare --mount \
    dockerd --config-file=/dev/null --data-root="$ENGINE_DATA" --exec-root="$engine_folder/exec" \
    --pidfile="$engine_folder/pid" --host="unix://$engine_folder/socket" --group="$(id -gn)" \
    --cgroup-parent="/${engine_folder##*/}" --bridge=none --iptables=false --ip6tables=false --ip-forward=false \
    --ip-masq=false >"$engine_folder/log" 2>&1 &
  engine_pid=$!
  exec 9>&-
  export DOCKER_HOST=unix://$engine_folder/socket
  for ((tries = 0; tries < 300; tries++)); do
    if docker info >/dev/null 2>&1; then return; fi
    kill -0 "$engine_pid" 2>/dev/null || break
    sleep 0.1
  done
  engine_missing+=", and an own one does not start: $(tail -n 1 "$engine_folder/log")"
  return 1
}

# stop_engine: ends an own engine with what it runs, and removes what it left.
stop_engine() {
  if [[ -n $engine_pid ]]; then
    docker image prune --force >/dev/null 2>&1 || true
    kill -TERM "$engine_pid" 2>/dev/null || true
    wait "$engine_pid" || true
    find /sys/fs/cgroup -depth -type d -path "*/${engine_folder##*/}*" -exec rmdir {} + 2>/dev/null || true
  fi
  if [[ -n $engine_folder ]]; then rm -rf "$engine_folder"; fi
}

# has_own_engine: whether this test's engine is its own.
has_own_engine() { [[ -n $engine_pid ]]; }
