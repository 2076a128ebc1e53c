# ./dev fuzz: libFuzzer looks for files that the readers cannot cope with. Sourced by ./dev.

# fuzz_one NAME SECONDS: starts from the corpus that is kept and from what earlier runs found. Inputs have at most 16 KiB;
# one that takes longer than 5 s, or that makes a reader ask for more than 64 MiB at once, is a failure as a crash is.
fuzz_one() {
  local found=build/fuzz/corpus/$1
  mkdir -p "$found" build/fuzz/failures
  ASAN_OPTIONS=detect_stack_use_after_return=1:allow_user_poisoning=0 \
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
    "build/fuzz/tests/fuzz/$1_fuzzer" -max_total_time="$2" -print_final_stats=1 -max_len=16384 -timeout=5 \
    -malloc_limit_mb=64 -rss_limit_mb=1024 -artifact_prefix="build/fuzz/failures/$1-" "$found" "tests/fuzz/corpus/$1"
}

# fuzz_logged NAME SECONDS: 255, which lets xargs begin no more, and the end of the log where something is found.
fuzz_logged() {
  local log=build/fuzz/$1.log
  fuzz_one "$@" >"$log" 2>&1 && return
  tail -n 50 "$log"
  printf 'dev: %s: the input is in build/fuzz/failures; mend what reads it, and keep it in tests/fuzz/corpus/%s\n' "$1" "$1"
  return 255
}

# fuzz_all SECONDS: a fuzzer has one thread, so as many run side by side as there are CPUs.
fuzz_all() {
  export -f fuzz_one fuzz_logged
  # shellcheck disable=SC2016 # the inner bash expands them
  basename -a tests/fuzz/corpus/*/ | xargs -P "$(nproc)" -n 1 bash -c 'fuzz_logged "$1" "$0"' "$1"
}

fuzz() { # fuzz SECONDS
  step "Fuzzing $(basename -a tests/fuzz/corpus/*/ | paste -s -d ' ')" fuzz_all "$1"
  say "fuzz: nothing found"
}
