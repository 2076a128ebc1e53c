# Runs long steps quietly: one line a step, with the time it takes, and the log only when the step fails.
# Sourced by ./dev.

# say TEXT...: one line of news for the person at the terminal.
say() { printf '%s\n' "$*" >&2; }

# die TEXT...: the error and how to mend it, then exit 1.
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# die_usage TEXT...: what is wrong with the command line, then exit 2.
die_usage() {
  printf 'dev: %s\n' "$*" >&2
  exit 2
}

# show_progress PID LABEL LOG START: rewrites one terminal line until PID ends: seconds so far and the log's last line.
show_progress() {
  local pid=$1 label=$2 log=$3 start=$4 last width
  width=$(($(tput cols 2>/dev/null || echo 100) - ${#label} - 12))
  while kill -0 "$pid" 2>/dev/null; do
    last=$(tail -c 400 "$log" 2>/dev/null | tr '\r' '\n' | grep -v '^ *$' | tail -n 1 | tr -cd '[:print:]' || true)
    printf '\r\033[K  %s %4d s  \033[2m%s\033[0m' "$label" "$((SECONDS - start))" "${last:0:$width}" >&2
    sleep 0.5
  done
  printf '\r\033[K' >&2
}

# step LABEL COMMAND...: runs COMMAND with its output in a log. Prints one line when it took two seconds or more,
# and the end of the log when it failed.
step() {
  local label=$1 log pid status=0 start=$SECONDS elapsed
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/attnd-step.XXXXXX")
  "$@" >"$log" 2>&1 &
  pid=$!
  if [[ -t 2 ]]; then show_progress "$pid" "$label" "$log" "$start"; fi
  wait "$pid" || status=$?
  elapsed=$((SECONDS - start))
  if ((status != 0)); then
    tail -n 60 "$log" >&2
    printf 'dev: failed: %s (exit %d after %d s). The whole log: %s\n' "$label" "$status" "$elapsed" "$log" >&2
    return "$status"
  fi
  if ((elapsed >= 2)); then printf '  %s %ds\n' "$label" "$elapsed" >&2; fi
  rm -f "$log"
}
