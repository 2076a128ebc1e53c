# ./dev demo: the server and its tools working together, in front of the person's eyes. Sourced by ./dev.

# demo_print STYLE TEXT: in bold (1) or dim (2) where a person looks on.
demo_print() { if [[ -t 1 ]]; then printf '\033[%sm%s\033[0m\n' "$1" "$2"; else printf '%s\n' "$2"; fi; }

demo_title() {
  printf '\n'
  demo_print 1 "$*"
}

# Runs a command after showing it as the person would type it.
demo_run() {
  demo_print 2 "\$ $*"
  "$@"
}

# Counters and gauges of ours that are not zero, sorted; histograms by their counts.
demo_metrics() { # demo_metrics HOST:PORT
  curl -sSf "http://$1/metrics" |
    awk '/^(attnd_|grpc_server_handled)/ && !/_bucket|_sum|_info|^attnd_ready|load_seconds/ && $2 != 0' | sort
}

demo_wait_until_ready() { # demo_wait_until_ready FOLDER
  local tries
  for ((tries = 0; tries < 600; tries++)); do
    grep -q '^attnd ready' "$1/out" && return
    kill -0 "$demo_server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$1/log" >&2
  die "the server did not become ready; its log is above"
}

demo_stop() {
  kill -TERM "$demo_server" 2>/dev/null || true
  wait "$demo_server"
}

demo() { # demo BUILD [--model DIR]
  local build=$1 folder address metrics model=()
  shift
  case ${1:-} in
    --model) model=("--model=$2") ;;
    --model=*) model=("$1") ;;
  esac
  folder=$(mktemp -d)

  demo_title "A server on ${model[*]:-seeded weights: 16 layers, 768 channels, 50,257 tokens}"
  "$build/server/attnd" --address=127.0.0.1:0 --metrics_address=127.0.0.1:0 "${model[@]}" \
    >"$folder/out" 2>"$folder/log" &
  demo_server=$!
  trap 'kill -TERM "$demo_server" 2>/dev/null || true' EXIT
  step "Loading the model" demo_wait_until_ready "$folder"
  cat "$folder/out"
  read -r address metrics < <(sed -E 's/.*grpc ([^,]+), metrics (.+)/\1 \2/' "$folder/out")
  demo_metrics "$metrics" >"$folder/before"

  demo_title "What it serves"
  demo_run "$build/client/attndctl" model --server="$address"
  demo_title "Forward: hidden states after a layer and after the last norm, and the likeliest next tokens"
  demo_run "$build/client/attndctl" forward 1,2,3,4,5 42 --layers=h.0,ln_f --top_k=5 --server="$address"
  demo_title "Embed: one vector an input"
  demo_run "$build/client/attndctl" embed 1,2,3,4,5 42 --pooling=mean --server="$address"
  demo_title "Wrong input is refused, and the text says why"
  if demo_run "$build/client/attndctl" forward 4000000000 --server="$address"; then
    die "the server accepted a token id beyond its vocabulary"
  fi
  demo_title "Load: four callers for three seconds"
  demo_run "$build/client/attnd-load" --concurrency=4 --duration_s=3 --length=uniform:1:32 --server="$address"
  demo_title "Metrics that moved"
  demo_metrics "$metrics" >"$folder/after"
  comm -13 "$folder/before" "$folder/after" | sed 's/^/  /'

  demo_title "SIGTERM: the server finishes what it has accepted and exits"
  trap - EXIT
  demo_stop || die "the server ended with exit code $?; its log: $folder/log"
  grep -o 'drained: .*' "$folder/log"
  rm -rf "$folder"
  demo_title "All of it worked."
}
